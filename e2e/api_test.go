//go:build e2e

package e2e_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
)

// An api asks an engine directly, for what is looked at so often that the start
// of the docker command would take most of the time.
type api struct {
	t      testing.TB
	client *http.Client
}

func apiOf(t testing.TB, host string) api {
	t.Helper()
	network, address, err := engineAddress(host)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return api{t, &http.Client{Transport: transport, Timeout: deadline}}
}

var errAbsent = errors.New("not there")

// try makes a call, and gives the body of what succeeded.
func (a api) try(method, path string, query url.Values, body []byte) ([]byte, error) {
	target := url.URL{Scheme: "http", Host: "engine", Path: "/v1.41" + path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(context.Background(), method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch {
	case response.StatusCode == http.StatusNotFound:
		err = errAbsent
	case response.StatusCode >= http.StatusBadRequest:
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	return text, err
}

// get reads what must be there.
func get[T any](a api, path string, query url.Values) (out T) {
	a.t.Helper()
	text, err := a.try(http.MethodGet, path, query, nil)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		a.t.Fatalf("GET %s: %v", path, err)
	}
	return out
}

// labelled is a filter for what has this label.
func labelled(label string) url.Values {
	filters, _ := json.Marshal(map[string][]string{"label": {label}}) // strings always encode
	return url.Values{"filters": {string(filters)}, "all": {"1"}}
}

// readVolume is the text of a file in a volume, read through a container that is
// made for it and never started.
func (a api) readVolume(image, volume, file string) string {
	a.t.Helper()
	config, _ := json.Marshal(map[string]any{ // strings always encode
		"Image": image, "HostConfig": map[string]any{"Binds": []string{volume + ":/volume"}},
	})
	var made struct{ ID string }
	text, err := a.try(http.MethodPost, "/containers/create", nil, config)
	if err = errors.Join(err, json.Unmarshal(text, &made)); err != nil {
		a.t.Fatalf("a container to read volume %s: %v", volume, err)
	}
	defer func() { _, _ = a.try(http.MethodDelete, "/containers/"+made.ID, url.Values{"force": {"1"}}, nil) }()
	return a.readFile(made.ID, "/volume/"+file)
}

// readFile is the text of a file in a container, or why there is none.
func (a api) readFile(container, file string) string {
	a.t.Helper()
	archive, err := a.try(http.MethodGet, "/containers/"+container+"/archive", url.Values{"path": {file}}, nil)
	if err != nil {
		return err.Error()
	}
	r := tar.NewReader(bytes.NewReader(archive))
	if _, err = r.Next(); err == nil {
		archive, err = io.ReadAll(r)
	}
	if err != nil {
		return err.Error()
	}
	return string(archive)
}

// writeFile puts a file into a folder of a container.
func (a api) writeFile(container, folder, file, content string) {
	a.t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err := errors.Join(w.WriteHeader(&tar.Header{Name: file, Mode: 0o644, Size: int64(len(content))}))
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	err = errors.Join(err, w.Close())
	if err == nil {
		_, err = a.try(http.MethodPut, "/containers/"+container+"/archive", url.Values{"path": {folder}}, archive.Bytes())
	}
	if err != nil {
		a.t.Fatalf("write %s into %s: %v", file, container, err)
	}
}
