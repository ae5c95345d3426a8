// Command digits asks the running ml-webapp example for ten predictions, and
// looks each of them up in its database.
//
//	digits ADDRESS COMMAND...
//
// COMMAND is what runs psql next to the database. The exit status is 1 when
// fewer than nine digits were recognised, or one prediction was not stored.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	rounds   = 10
	mustBe   = 9
	patience = time.Minute
)

type sample struct {
	Pixels []float32 `json:"pixels"`
	Label  int       `json:"label"`
}

type prediction struct {
	ID            int       `json:"id"`
	Pixels        []float32 `json:"pixels"`
	Digit         int       `json:"digit"`
	Probabilities []float32 `json:"probabilities"`
}

type client struct {
	address string
	psql    []string
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: digits ADDRESS COMMAND...")
		os.Exit(2)
	}
	c := client{address: os.Args[1], psql: os.Args[2:]}
	if err := c.run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "digits:", err)
		os.Exit(1)
	}
}

func (c client) run(out io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	fmt.Fprintf(out, "\n%s\n\n", c.address)
	right, stored := 0, 0
	for i := range rounds {
		asked, answer, err := c.predict(ctx)
		if err != nil {
			return err
		}
		if i == 0 {
			show(out, asked, answer)
		}
		if answer.Digit == asked.Label {
			right++
		}
		if c.isStored(ctx, answer) {
			stored++
		}
	}
	fmt.Fprintf(out, "%d predictions: %d right, %d read back from the database\n", rounds, right, stored)
	if right < mustBe || stored < rounds {
		return errors.New("that is not good enough")
	}
	return nil
}

// predict takes a digit that the model was not trained with, and asks what it is.
func (c client) predict(ctx context.Context) (sample, prediction, error) {
	var asked sample
	if err := c.call(ctx, http.MethodGet, "/api/sample", nil, &asked); err != nil {
		return sample{}, prediction{}, err
	}
	answer := prediction{Pixels: asked.Pixels}
	body := map[string]any{"pixels": asked.Pixels}
	err := c.call(ctx, http.MethodPost, "/api/predict", body, &answer)
	if err == nil && len(answer.Probabilities) != 10 {
		err = fmt.Errorf("/api/predict: %d probabilities, want 10", len(answer.Probabilities))
	}
	return asked, answer, err
}

func (c client) call(ctx context.Context, method, path string, body, answer any) error {
	sent, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, c.address+path, bytes.NewReader(sent))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// isStored reports whether the database holds the prediction as it was answered.
// What is wrong otherwise is said on the standard error, so that all ten are tried.
func (c client) isStored(ctx context.Context, want prediction) bool {
	got, err := c.read(ctx, want.ID)
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "digits: prediction %d: %v\n", want.ID, err)
		return false
	case got.Digit != want.Digit, !slices.Equal(got.Pixels, want.Pixels), !slices.Equal(got.Probabilities, want.Probabilities):
		fmt.Fprintf(os.Stderr, "digits: prediction %d: stored is %v, answered was %v\n", want.ID, got, want)
		return false
	}
	return true
}

func (c client) read(ctx context.Context, id int) (prediction, error) {
	query := fmt.Sprintf("select to_json(p) from predictions p where id = %d", id)
	args := slices.Concat(c.psql[1:], []string{"psql", "-AtXc", query})
	var complaint strings.Builder
	command := exec.CommandContext(ctx, c.psql[0], args...)
	command.Stderr = &complaint
	row, err := command.Output()
	if err != nil {
		return prediction{}, fmt.Errorf("psql: %w: %s", err, complaint.String())
	}
	var stored prediction
	if err := json.Unmarshal(row, &stored); err != nil {
		return prediction{}, fmt.Errorf("row %q: %w", row, err)
	}
	return stored, nil
}

// show draws the digit, and beside it what the model made of it.
func show(out io.Writer, asked sample, answer prediction) {
	const size, shades = 8, " .:-=+*#%@"
	words := map[int]string{
		2: fmt.Sprintf("recognised as %d, %.1f %% sure", answer.Digit, 100*answer.Probabilities[answer.Digit]),
		3: fmt.Sprintf("labelled      %d", asked.Label),
		5: fmt.Sprintf("prediction %d in the database", answer.ID),
	}
	for row := range size {
		var line strings.Builder
		for _, value := range asked.Pixels[row*size : (row+1)*size] {
			shade := shades[int(value)*(len(shades)-1)/16]
			line.Write([]byte{shade, shade})
		}
		fmt.Fprintln(out, strings.TrimRight("    "+line.String()+"    "+words[row], " "))
	}
	fmt.Fprintln(out)
}
