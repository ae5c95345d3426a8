package remote_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackfile/stack/remote"
)

// repository is one with two commits: the first has the tag old.
func repository(t *testing.T) (url, first string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop.git")
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("compose.yaml", "first")
	write("parts/db.yaml", "part")
	run("init", "--quiet", "--initial-branch=main")
	run("add", ".")
	run("commit", "--quiet", "-m", "first")
	run("tag", "-a", "old", "-m", "old")
	first = run("rev-parse", "HEAD")
	write("compose.yaml", "second")
	run("commit", "--quiet", "-am", "second")
	for _, name := range []string{"zz/main", "a/main"} { // git lists them with main, in this order
		run("update-ref", "refs/heads/"+name, first)
	}
	return "file://" + dir, first
}

func TestAFileIsFetchedByBranchTagAndCommit(t *testing.T) {
	url, first := repository(t)
	s := &remote.Store{Dir: t.TempDir(), Env: os.Environ()}
	for name, want := range map[string]string{
		url:                          "second",
		url + "#main":                "second",
		url + "#old":                 "first",
		url + "#" + first:            "first",
		url + "#:parts/db.yaml":      "part",
		url + "#old:parts/db.yaml":   "part",
		url + "#main:compose.yaml":   "second",
		url + "#" + first + ":parts": "",
		url + "#none":                "",
		url + "#ain":                 "",
		url + "#zz/main":             "first",
		url + "#refs/heads/main":     "second",
		url + "#main:../x":           "",
		url + "#-x":                  "",
		"oci://":                     "",
	} {
		if !remote.Is(name) {
			t.Errorf("%s is taken to be here", name)
		}
		file, err := s.Fetch(t.Context(), name)
		if (err != nil) != (want == "") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text, _ := os.ReadFile(file); err == nil && string(text) != want {
			t.Errorf("%s holds %q, want %q", name, text, want)
		}
	}
}

func TestWhatWasFetchedIsNotFetchedAgain(t *testing.T) {
	url, first := repository(t)
	dir := t.TempDir()
	if _, err := (&remote.Store{Dir: dir, Env: os.Environ()}).Fetch(t.Context(), url+"#"+first); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(strings.TrimPrefix(url, "file://")); err != nil {
		t.Fatal(err)
	}
	if _, err := (&remote.Store{Dir: dir, Env: os.Environ()}).Fetch(t.Context(), url+"#"+first); err != nil {
		t.Errorf("a commit that is here: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "git", "fetching-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestFilesHereAreNotTakenForRemote(t *testing.T) {
	for _, name := range []string{"compose.yaml", "./x.git/compose.yaml", "../a", "/srv/x.git", "https://example.org/compose.yaml", "-", ""} {
		if remote.Is(name) {
			t.Errorf("%q is taken to stand elsewhere", name)
		}
	}
}
