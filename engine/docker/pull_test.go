package docker

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stackfile/stack/plan"
)

// testdata/pull.jsonl is what Engine 20.10 answered to a pull of three layers,
// of 6 MB, 9 MB and 172 bytes.
func TestAPullCountsTheBytesOfAllLayers(t *testing.T) {
	stream, err := os.Open("testdata/pull.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var texts []string
	var last plan.Progress
	err = followPull(stream, func(p plan.Progress) {
		if len(texts) == 0 || texts[len(texts)-1] != p.Text {
			texts = append(texts, p.Text)
		}
		if p.Current < last.Current || p.Current > p.Total {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"downloading",
		"downloading 98.3kB/9.003MB",
		"downloading 167.5kB/15.01MB",
		"downloading 167.7kB/15.01MB",
		"downloading 6.101MB/15.01MB",
		"extracting 0/3 layers",
		"extracting 1/3 layers",
		"extracting 2/3 layers",
		"extracting 3/3 layers",
	}
	if !slices.Equal(texts, want) {
		t.Errorf("told %q, want %q", texts, want)
	}
	if last.Current != 15005181 || last.Total != last.Current {
		t.Errorf("ends with %+v", last)
	}
}

func TestAPullFailsWithTheStreamsError(t *testing.T) {
	cases := []struct{ name, stream, want string }{
		{"told", `{"status":"Pulling fs layer","id":"a"}{"errorDetail":{"message":"no space left"},"error":"no space left"}`, "no space left"},
		{"cut off", `{"status":"Pulling fs layer","id":"a"}{"status":`, "unexpected EOF"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := followPull(strings.NewReader(c.stream), func(plan.Progress) {})
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestAPullTellsNothingOfLayersThatAreThere(t *testing.T) {
	stream := `{"status":"Already exists","id":"a","progressDetail":{}}{"status":"Downloading","id":"b","progressDetail":{"current":5,"total":10}}{"status":"Downloading","id":"b","progressDetail":{"current":5,"total":10}}`
	var seen []plan.Progress
	if err := followPull(strings.NewReader(stream), func(p plan.Progress) { seen = append(seen, p) }); err != nil {
		t.Fatal(err)
	}
	want := []plan.Progress{
		{Text: "extracting 1/1 layers"},
		{Text: "downloading 5B/10B", Current: 5, Total: 10},
	}
	if !slices.Equal(seen, want) {
		t.Errorf("told %+v, want %+v", seen, want)
	}
}
