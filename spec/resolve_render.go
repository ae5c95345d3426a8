package spec

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"gopkg.in/yaml.v3"
)

// RenderOptions say how Render writes. The zero value is a YAML file that means
// the same wherever it is read.
type RenderOptions struct {
	Format           string // yaml or json; "": yaml
	NoInterpolate    bool   // variables stay as they are, and values are not checked
	NoNormalize      bool   // defaults are not filled in
	NoPathResolution bool   // relative paths stay as they are
	NoEnvResolution  bool   // env files are not read
	NoConsistency    bool   // references are not checked
	// Pin gives a reference to an image its digest, which is then written; nil:
	// references stay as they are.
	Pin func(ctx context.Context, image string) (string, error)
	// Images says that only the services and their images are written, as an
	// override file.
	Images bool
}

// Render writes the stack as one file, merged and resolved, in the form of
// docker compose config: with the services that opts.Services name and what
// they need, or all. Values of the environment stand in it as they are; the
// text of secrets does not.
func Render(ctx context.Context, opts LoadOptions, o RenderOptions) ([]byte, error) {
	if o.Format != "" && o.Format != "yaml" && o.Format != "json" {
		return nil, fmt.Errorf("format %q: must be yaml or json", o.Format)
	}
	r, err := o.read(ctx, opts)
	if err != nil {
		return nil, err
	}
	if o.NoInterpolate {
		return r.renderModel(o, o.modes(), opts.Services)
	}
	project, err := r.rendered(o, opts.Services)
	if err == nil {
		err = o.pin(ctx, project)
	}
	if err != nil {
		return nil, err
	}
	if o.Images {
		project = imagesOnly(project)
	}
	text, err := project.MarshalYAML()
	if o.Format == "json" {
		text, err = project.MarshalJSON()
	}
	return escaped(text), err
}

// pin gives the images of all services their digests.
func (o RenderOptions) pin(ctx context.Context, project *types.Project) error {
	if o.Pin == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		s := project.Services[name]
		if s.Image == "" {
			continue
		}
		pinned, err := o.Pin(ctx, s.Image)
		if err != nil {
			return fmt.Errorf("service %s: %w", name, err)
		}
		s.Image = pinned
		project.Services[name] = s
	}
	return nil
}

func imagesOnly(project *types.Project) *types.Project {
	out := &types.Project{Services: types.Services{}}
	for name, s := range project.Services {
		out.Services[name] = onlyImage(s.Image)
	}
	return out
}

func onlyImage(image string) (s types.ServiceConfig) {
	s.Image = image
	return s
}

// escaped is a file in which dollars stand for themselves.
func escaped(text []byte) []byte { return bytes.ReplaceAll(text, []byte("$"), []byte("$$")) }

func (o RenderOptions) modes() loadModes {
	return loadModes{noNormalize: o.NoNormalize, noPaths: o.NoPathResolution, noCheck: o.NoConsistency || o.NoInterpolate}
}

// rendered is the project that is written.
func (r *reading) rendered(o RenderOptions, services []string) (*types.Project, error) {
	project, err := r.chosen(o, services)
	if err != nil || o.NoEnvResolution {
		return project, err
	}
	return r.withEnv(project)
}

// chosen is the part of the project that is written, before its env files are
// read.
func (r *reading) chosen(o RenderOptions, services []string) (*types.Project, error) {
	project, err := r.project(o.modes())
	if err != nil {
		return nil, r.fileError(err)
	}
	return r.selected(project, services)
}

func (o RenderOptions) read(ctx context.Context, opts LoadOptions) (*reading, error) {
	if o.NoInterpolate || o.NoConsistency {
		return readUnchecked(ctx, opts, o.NoInterpolate)
	}
	return read(ctx, opts)
}

// selected leaves the named services with what they depend on, and the
// resources that the services use.
func (r *reading) selected(project *types.Project, names []string) (*types.Project, error) {
	if len(names) > 0 {
		var err error
		if project, err = project.WithSelectedServices(names); err != nil {
			return nil, r.fileError(err)
		}
	}
	return withoutAbsent(project.WithoutUnnecessaryResources()), nil
}

// withoutAbsent leaves out the optional dependencies that are not there, such as
// those of another profile: the rendered file declares nothing of their name.
func withoutAbsent(project *types.Project) *types.Project {
	for name, s := range project.Services {
		s.DependsOn = maps.Clone(s.DependsOn)
		maps.DeleteFunc(s.DependsOn, func(dependency string, d types.ServiceDependency) bool {
			_, there := project.Services[dependency]
			return !d.Required && !there
		})
		project.Services[name] = s
	}
	return project
}

// withEnv puts what env files and label files say where it belongs.
func (r *reading) withEnv(project *types.Project) (*types.Project, error) {
	resolver := &resolver{reading: r, project: project}
	for name, s := range project.Services {
		s.Environment = resolver.environment(s)
		s.Labels = resolver.labels(s)
		s.EnvFiles, s.LabelFiles = nil, nil
		project.Services[name] = s
	}
	if len(resolver.findings) > 0 {
		return nil, &FileError{Findings: sorted(resolver.findings)}
	}
	return project, nil
}

// renderModel writes the merged files before anything is substituted.
func (r *reading) renderModel(o RenderOptions, modes loadModes, names []string) ([]byte, error) {
	model, err := r.model(modes)
	if err != nil {
		return nil, r.fileError(err)
	}
	if services, ok := model["services"].(map[string]any); ok && len(names) > 0 {
		maps.DeleteFunc(services, func(name string, _ any) bool { return !slices.Contains(names, name) })
	}
	if o.Format == "json" {
		return json.MarshalIndent(model, "", "  ")
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(model); err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return out.Bytes(), nil
}

// A Listing is one aspect of a stack, listed line by line.
type Listing string

// The listings that docker compose config knows as flags.
const (
	ListServices    Listing = "services"    // names of the active ones, dependencies first
	ListVolumes     Listing = "volumes"     // keys of the ones in use
	ListNetworks    Listing = "networks"    // keys of the ones in use
	ListImages      Listing = "images"      // references, one for each service
	ListModels      Listing = "models"      // of the ones in use, one for each
	ListProfiles    Listing = "profiles"    // all that services have, active or not
	ListHash        Listing = "hash"        // service and digest of its containers' definition
	ListVariables   Listing = "variables"   // NAME, REQUIRED, DEFAULT VALUE, ALTERNATE VALUE, tab-separated, with a header
	ListEnvironment Listing = "environment" // KEY=value, as variables are substituted
)

// List returns the lines of a listing, sorted unless it says otherwise.
func List(ctx context.Context, opts LoadOptions, what Listing) ([]string, error) {
	if what == ListVariables {
		return variables(ctx, opts)
	}
	r, err := read(ctx, opts)
	if err != nil {
		return nil, err
	}
	switch what {
	case ListProfiles:
		return r.profileNames(), nil
	case ListEnvironment:
		var lines []string
		for _, key := range slices.Sorted(maps.Keys(r.env)) {
			lines = append(lines, key+"="+r.env[key])
		}
		return lines, nil
	}
	s, err := r.resolve(ctx)
	if err != nil {
		return nil, err
	}
	return s.list(what, opts.Services)
}

func (s *Stack) list(what Listing, names []string) ([]string, error) {
	switch what {
	case ListVolumes:
		return slices.Sorted(maps.Keys(s.Volumes)), nil
	case ListNetworks:
		return slices.Sorted(maps.Keys(s.Networks)), nil
	case ListModels:
		return s.modelNames(), nil
	}
	order, err := s.Order()
	if err != nil {
		return nil, err
	}
	if len(names) > 0 {
		wanted := s.WithDependencies(names...)
		order = slices.DeleteFunc(order, func(name string) bool { return !slices.Contains(wanted, name) })
	}
	var lines []string
	switch what {
	case ListServices:
		return slices.Concat(s.providersAmong(names), s.declaredAmong(order)), nil
	case ListImages:
		for _, name := range order {
			lines = append(lines, s.Services[name].Container.Image)
		}
		slices.Sort(lines)
		return lines, nil
	case ListHash:
		for _, name := range slices.Sorted(slices.Values(s.declaredAmong(order))) {
			hash, err := s.Services[name].Container.hash()
			if err != nil {
				return nil, err
			}
			lines = append(lines, name+" "+hash)
		}
		return lines, nil
	}
	return nil, fmt.Errorf("listing %q: unknown", what)
}

// declaredAmong are the services of the files, without the steps before them.
func (s *Stack) declaredAmong(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return s.Services[name].Of != "" })
}

// providersAmong are the providers named, or all for none named.
func (s *Stack) providersAmong(names []string) []string {
	all := slices.Sorted(maps.Keys(s.Providers))
	if len(names) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(names, name) })
}

func (c Container) hash() (string, error) {
	text, err := json.Marshal(c)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

func (r *reading) profileNames() []string {
	found := map[string]bool{}
	services := r.tree.get("services")
	for _, name := range services.keys {
		for _, profile := range texts(services.get(name, "profiles")) {
			found[profile] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func (s *Stack) modelNames() (names []string) {
	for _, m := range s.Models {
		names = append(names, m.Model)
	}
	slices.Sort(names)
	return names
}

// A UsedVariable is one that the files use. Its names in JSON are docker compose's.
type UsedVariable struct {
	Name          string
	DefaultValue  string
	PresenceValue string // what stands for it where it is set
	Required      bool
}

// UsedVariables returns the variables that the files use, by name.
func UsedVariables(ctx context.Context, opts LoadOptions) ([]UsedVariable, error) {
	r, err := readUnchecked(ctx, opts, true)
	if err != nil {
		return nil, err
	}
	model, err := r.model(loadModes{noCheck: true})
	if err != nil {
		return nil, r.fileError(err)
	}
	found := template.ExtractVariables(model, template.DefaultPattern)
	var out []UsedVariable
	for _, name := range slices.Sorted(maps.Keys(found)) {
		v := found[name]
		out = append(out, UsedVariable{Name: name, DefaultValue: v.DefaultValue, PresenceValue: v.PresenceValue, Required: v.Required})
	}
	return out, nil
}

// variables are the same as lines.
func variables(ctx context.Context, opts LoadOptions) ([]string, error) {
	found, err := UsedVariables(ctx, opts)
	if err != nil {
		return nil, err
	}
	lines := []string{"NAME\tREQUIRED\tDEFAULT VALUE\tALTERNATE VALUE"}
	for _, v := range found {
		lines = append(lines, v.Name+"\t"+strconv.FormatBool(v.Required)+"\t"+v.DefaultValue+"\t"+v.PresenceValue)
	}
	return lines, nil
}
