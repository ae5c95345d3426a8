//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"time"
)

// What the floor program is to do: the fewest calls that leave the same behind,
// in an order that is known beforehand.

func createNetwork() [][]call {
	return [][]call{{{Method: "POST", Path: "/networks/create", Body: map[string]any{
		"Name": "PROJECT_default", "CheckDuplicate": true, "Labels": map[string]string{"com.docker.compose.project": "PROJECT"},
	}}}}
}

// create makes a container as stack and docker compose would, with a health
// check when its program becomes ready.
func create(name, from string, checked bool, env ...string) call {
	body := map[string]any{
		"Image": from, "Cmd": []string{"sleep", "infinity"}, "Env": env,
		"Labels":     map[string]string{"com.docker.compose.project": "PROJECT", "com.docker.compose.service": name},
		"HostConfig": map[string]any{"NetworkMode": "PROJECT_default", "Init": true},
		"NetworkingConfig": map[string]any{"EndpointsConfig": map[string]any{
			"PROJECT_default": map[string]any{"Aliases": []string{name}},
		}},
	}
	if checked {
		body["Cmd"] = []string{"sh", "-c", fmt.Sprintf("sleep %.1f; touch /ready; exec sleep infinity", ready.Seconds())}
		body["Healthcheck"] = map[string]any{"Test": []string{"CMD", "test", "-f", "/ready"}, "Interval": 5 * time.Second}
	}
	return call{Method: "POST", Path: "/containers/create?name=" + container(name), Body: body}
}

func container(service string) string { return "PROJECT-" + service + "-1" }

func post(service, act string) call {
	return call{Method: "POST", Path: "/containers/" + container(service) + "/" + act}
}

func remove(service string) call {
	return call{Method: "DELETE", Path: "/containers/" + container(service)}
}

// each is one chain of calls for each of n services.
func each(first, last int, calls func(service string) []call) (out [][]call) {
	for i := first; i <= last; i++ {
		out = append(out, calls(fmt.Sprint("s", i)))
	}
	return out
}

func run(service string) []call { return []call{create(service, image, false), post(service, "start")} }

func flatFloor(n int) [][][]call { return [][][]call{createNetwork(), each(1, n, run)} }

func layeredFloor(n int) [][][]call {
	return [][][]call{createNetwork(), each(1, n/3, run), each(n/3+1, n/3*2, run), each(n/3*2+1, n, run)}
}

// lookFloor is what it takes to see whether something has changed.
func lookFloor(n int) [][][]call {
	get := func(path string) []call { return []call{{Method: "GET", Path: path}} }
	look := append(each(1, n, func(service string) []call { return get("/containers/" + container(service) + "/json") }), get("/images/"+image+"/json"))
	return [][][]call{
		{{{Method: "HEAD", Path: "/_ping"}}},
		{get("/containers/json?all=1"), get("/networks"), get("/volumes")},
		look,
	}
}

func changeFloor(n int) [][][]call {
	name := fmt.Sprint("s", n)
	return [][][]call{{{post(name, "stop"), remove(name), create(name, image, false, "VALUE=30"), post(name, "start")}}}
}

func downFloor(n int) [][][]call {
	return [][][]call{
		each(1, n, func(service string) []call { return []call{post(service, "stop"), remove(service)} }),
		{{{Method: "DELETE", Path: "/networks/PROJECT_default"}}},
	}
}

// chainFloor knows when each program is ready, and asks nobody.
func chainFloor(n int) [][][]call {
	out := [][][]call{createNetwork(), each(1, n, func(service string) []call { return []call{create(service, image, true)} })}
	for i := 1; i <= n; i++ {
		out = append(out, [][]call{{post(fmt.Sprint("s", i), "start"), {Pause: ready}}})
	}
	return out
}

func coldFloor() [][][]call {
	return [][][]call{createNetwork(), {
		{create("db", image, true), post("db", "start"), {Pause: ready}},
		{
			{Method: "POST", Path: "/build?t=PROJECT-model&nocache=1&rm=1&version=1", Archive: "ARCHIVE"},
			create("model", "PROJECT-model", false), post("model", "start"),
		},
	}}
}

// archive is a build context with nothing but the slow Dockerfile.
func archive() ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "Dockerfile", Mode: 0o644, Size: int64(len(dockerfile))}); err != nil {
		return nil, err
	}
	if _, err := w.Write([]byte(dockerfile)); err != nil {
		return nil, err
	}
	return b.Bytes(), w.Close()
}
