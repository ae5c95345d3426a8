package spec

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

const shop = `
name: shop
services:
  web:
    image: "web:${TAG:-1}"
    depends_on: [api]
    env_file: web.env
    environment: {PRICE: "5$$"}
    volumes: ["./html:/html:ro"]
    ports: ["8080:80"]
  api:
    build: {context: ./api, args: {NEEDED: "${NEEDED:?}"}}
    secrets: [key]
    networks: [back]
  tool: {image: tool, profiles: [debug, dev]}
networks: {back: , unused: }
volumes: {unused: }
secrets: {key: {environment: API_KEY}}
`

func shopOptions(t *testing.T) LoadOptions {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "stack.yaml", shop)
	write(t, dir, "web.env", "FROM_FILE=yes\n")
	return LoadOptions{Dir: dir, Env: map[string]string{"NEEDED": "n", "API_KEY": "very-secret"}}
}

func TestRenderIsTheResolvedStack(t *testing.T) {
	opts := shopOptions(t)
	text := render(t, opts, RenderOptions{})
	for _, want := range []string{
		"name: shop\n", "image: web:1\n", "FROM_FILE: \"yes\"", "PRICE: 5$$\n", "source: " + opts.Dir + "/html", "published: \"8080\"",
		"condition: service_started", "name: shop_back", "NEEDED: \"n\"", "environment: API_KEY",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, never := range []string{"very-secret", "tool", "unused", "env_file"} {
		if strings.Contains(text, never) {
			t.Errorf("%q in\n%s", never, text)
		}
	}
}

// What is rendered means the same when it is loaded again.
func TestRenderRoundTrips(t *testing.T) {
	opts := shopOptions(t)
	stack, err := Load(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"yaml", "json"} {
		again := opts
		again.Files, again.Stdin = []string{"-"}, strings.NewReader(render(t, opts, RenderOptions{Format: format}))
		second, err := Load(context.Background(), again)
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if !reflect.DeepEqual(second.Services, stack.Services) || !reflect.DeepEqual(second.Networks, stack.Networks) {
			t.Errorf("%s: got %+v, want %+v", format, second.Services, stack.Services)
		}
	}
}

func TestRenderLeavesOutSteps(t *testing.T) {
	opts := shopOptions(t)
	for _, c := range []struct {
		name        string
		options     RenderOptions
		want, never string
	}{
		{"interpolate", RenderOptions{NoInterpolate: true}, "web:${TAG:-1}", "web:1"},
		{"normalize", RenderOptions{NoNormalize: true}, "image: web:1", "shop_back"},
		{"paths", RenderOptions{NoPathResolution: true}, "source: ./html", opts.Dir + "/html"},
		{"env files", RenderOptions{NoEnvResolution: true}, "env_file", "FROM_FILE"},
	} {
		text := render(t, opts, c.options)
		if !strings.Contains(text, c.want) || strings.Contains(text, c.never) {
			t.Errorf("%s: want %q and no %q in\n%s", c.name, c.want, c.never, text)
		}
	}
}

func TestRenderOfSomeServices(t *testing.T) {
	opts := shopOptions(t)
	opts.Services = []string{"api"}
	text := render(t, opts, RenderOptions{Format: "json"})
	var model struct{ Services map[string]any }
	if err := json.Unmarshal([]byte(text), &model); err != nil {
		t.Fatal(err)
	}
	if len(model.Services) != 1 || model.Services["api"] == nil {
		t.Errorf("got %v", model.Services)
	}
}

func TestRenderWithoutVariablesNeedsNone(t *testing.T) {
	opts := shopOptions(t)
	opts.Env = nil
	if _, err := Render(context.Background(), opts, RenderOptions{}); err == nil {
		t.Error("a required variable is missing, and nothing says so")
	}
	render(t, opts, RenderOptions{NoInterpolate: true})
}

func render(t *testing.T, opts LoadOptions, o RenderOptions) string {
	t.Helper()
	text, err := Render(context.Background(), opts, o)
	if err != nil {
		t.Fatalf("%+v: %v", o, err)
	}
	return string(text)
}

func TestListings(t *testing.T) {
	for what, want := range map[Listing][]string{
		ListServices: {"api", "web"},
		ListVolumes:  nil,
		ListNetworks: {"back", "default"},
		ListImages:   {"shop-api", "web:1"},
		ListProfiles: {"debug", "dev"},
		ListVariables: {
			"NAME\tREQUIRED\tDEFAULT VALUE\tALTERNATE VALUE", "NEEDED\ttrue\t\t", "TAG\tfalse\t1\t",
		},
		ListEnvironment: {"API_KEY=very-secret", "COMPOSE_PROJECT_NAME=shop", "NEEDED=n"},
	} {
		got, err := List(context.Background(), shopOptions(t), what)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, %v, want %q", what, got, err, want)
		}
	}
}

const preparedStack = `
services:
  web: {image: web, depends_on: [db], pre_start: [{image: tool, command: a}]}
  db: {provider: {type: cloud}}
`

func TestListingsHaveTheServicesOfTheFile(t *testing.T) {
	opts := LoadOptions{Files: []string{"-"}, Project: "p"}
	for _, c := range []struct {
		what  Listing
		names []string
		want  string
	}{
		{ListServices, nil, "db web"}, {ListServices, []string{"web"}, "web"}, {ListServices, []string{"db"}, "db"}, {ListImages, nil, "tool web"},
	} {
		opts.Stdin, opts.Services = strings.NewReader(preparedStack), c.names
		got, err := List(t.Context(), opts, c.what)
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s of %q: got %q, %v, want %s", c.what, c.names, got, err, c.want)
		}
	}
}

func TestHashesFollowTheDefinition(t *testing.T) {
	opts := shopOptions(t)
	before, err := List(context.Background(), opts, ListHash)
	if err != nil {
		t.Fatal(err)
	}
	write(t, opts.Dir, "web.env", "FROM_FILE=no\n")
	after, err := List(context.Background(), opts, ListHash)
	if err != nil || len(after) != 2 || after[0] != before[0] || after[1] == before[1] {
		t.Errorf("before %q, after %q, %v", before, after, err)
	}
}
