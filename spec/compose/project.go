package compose

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/types"
)

// Options say what a project is made with.
type Options struct {
	Name     string
	Dir      string
	Env      map[string]string
	Profiles []string // the active ones, "*" for all
	Check    bool     // whether references are to be right
}

// Project makes the project of a whole model, and uses the model up.
func Project(model map[string]any, o Options) (*types.Project, error) {
	delete(model, "name")
	setExtensions(model, namedKeys())
	for _, section := range []string{"services", "jobs"} {
		each(model[section], func(name string, container dict) { container["name"] = name })
	}
	project := &types.Project{Name: o.Name, WorkingDir: o.Dir, Environment: o.Env}
	if err := decode(model, project); err != nil {
		return nil, err
	}
	revealSecrets(project)
	activate(project, o.Profiles)
	if o.Check {
		return project, check(project)
	}
	return project, nil
}

// revealSecrets takes the values of secrets from where they were kept.
func revealSecrets(project *types.Project) {
	for name, secret := range project.Secrets {
		value, ok := secret.Extensions[types.SecretConfigXValue].(string)
		if !ok {
			continue
		}
		secret.Content = value
		if delete(secret.Extensions, types.SecretConfigXValue); len(secret.Extensions) == 0 {
			secret.Extensions = nil
		}
		project.Secrets[name] = secret
	}
}

// activate sets apart what is in no active profile.
func activate(project *types.Project, profiles []string) {
	project.Profiles = profiles
	project.DisabledServices = types.Services{}
	active := types.Services{}
	for name, service := range project.Services {
		if service.HasProfile(profiles) {
			active[name] = service
		} else {
			project.DisabledServices[name] = service
		}
	}
	project.Services = active
	if project.Jobs == nil {
		return
	}
	jobs := types.Jobs{}
	project.DisabledJobs = types.Jobs{}
	for name, job := range project.Jobs {
		if job.HasProfile(profiles) {
			jobs[name] = job
		} else {
			project.DisabledJobs[name] = job
		}
	}
	project.Jobs = jobs
}

// namedKeys are the mappings whose keys are names, which may begin with x- as
// any others.
var namedKeys = rulesOf(func() map[string]rule {
	return map[string]rule{
		"services": isNamed, "services.*.depends_on": isNamed,
		"volumes": isNamed, "networks": isNamed, "secrets": isNamed, "configs": isNamed,
	}
})

func isNamed(v any, _ []string) (any, error) { return v, nil }

// setExtensions puts the keys that begin with x- aside, in each mapping.
func setExtensions(v any, at *ruleTree) {
	switch v := v.(type) {
	case dict:
		setMapExtensions(v, at)
	case list:
		for _, item := range v {
			if values, ok := item.(dict); ok {
				setMapExtensions(values, at.next("*"))
			}
		}
	}
}

func setMapExtensions(values dict, at *ruleTree) {
	var extensions dict
	for key, v := range values {
		if !strings.HasPrefix(key, "x-") || at != nil && at.rule != nil {
			setExtensions(v, at.next(key))
			continue
		}
		if extensions == nil {
			extensions = dict{}
		}
		extensions[key] = v
		delete(values, key)
	}
	if extensions != nil {
		values[consts.Extensions] = extensions
	}
}
