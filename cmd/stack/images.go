package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

// imageRow is the image of one container, under docker compose's names.
type imageRow struct {
	ID            string
	ContainerName string
	Repository    string
	Tag           string
	Platform      string
	Size          int64
	LastTagTime   *time.Time `json:",omitempty"` // nil when unknown
}

func imagesCommand(p *program) *cobra.Command {
	var quiet bool
	var form string
	c := &cobra.Command{
		Use:   "images [FLAGS] [SERVICE...]",
		Short: "List the images that containers were made from",
		Long: `images lists the image of each container, of those that do not run and those that
run has made too. CREATED is when one of the image's tags was last set.

With -p NAME no file is needed.`,
		RunE: func(c *cobra.Command, services []string) error {
			if err := tableOrJSON(c, &form); err != nil {
				return err
			}
			return p.images(c, services, quiet, form)
		},
	}
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "IDs only, each once")
	c.Flags().StringVar(&form, "format", "table", "`FORM` of the list: table, or json, which is one array")
	return c
}

func (p *program) images(c *cobra.Command, services []string, quiet bool, form string) error {
	_, list, err := p.listed(c, stack.Selection{Services: services, OneOff: true})
	if err != nil {
		return err
	}
	rows, err := imageRows(c.Context(), p.engine, list)
	switch {
	case err != nil:
		return err
	case quiet:
		p.answer(imageIDs(rows))
		return nil
	case form == "json":
		return p.answerJSON(rows)
	}
	table := [][]string{{"CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"}}
	for _, r := range rows {
		table = append(table, r.cells(p.Now()))
	}
	p.answer(section20(table))
	return nil
}

// imageRows asks for each image once. One that was removed has its ID only.
func imageRows(ctx context.Context, e engine.Inspector, list []engine.Listing) ([]imageRow, error) {
	known := map[string]engine.ImageDescription{}
	rows := []imageRow{}
	for _, c := range list {
		image, ok := known[c.ImageID]
		if !ok {
			var err error
			if image, err = e.DescribeImage(ctx, c.ImageID); errors.Is(err, engine.ErrNotFound) {
				image = engine.ImageDescription{ID: c.ImageID}
			} else if err != nil {
				return nil, err
			}
			known[c.ImageID] = image
		}
		rows = append(rows, newImageRow(c, image))
	}
	return rows, nil
}

func newImageRow(c engine.Listing, i engine.ImageDescription) imageRow {
	row := imageRow{ID: i.ID, ContainerName: c.Name, Size: i.Size, Platform: i.OS + "/" + i.Arch}
	if i.Variant != "" {
		row.Platform += "/" + i.Variant
	}
	if row.Platform == "/" {
		row.Platform = ""
	}
	if !i.Tagged.IsZero() {
		row.LastTagTime = &i.Tagged
	}
	row.Repository, row.Tag = splitTag(nameOf(c, i))
	return row
}

// nameOf is the reference that the container was made from, as long as that
// means its image, or another one; "" for none. Those that keep an image for a
// generation are no names.
func nameOf(c engine.Listing, i engine.ImageDescription) string {
	if slices.Contains(i.References, c.Image) {
		return c.Image
	}
	kept := engine.GenerationRepository(c.Labels[engine.LabelProject]) + ":"
	at := slices.IndexFunc(i.References, func(ref string) bool { return !strings.HasPrefix(ref, kept) })
	if at < 0 {
		return ""
	}
	return i.References[at]
}

// splitTag takes the tag off a reference; a colon before a slash is a port's.
func splitTag(reference string) (repository, tag string) {
	at := strings.LastIndex(reference, ":")
	if at < strings.LastIndex(reference, "/") || at < 0 {
		return reference, ""
	}
	return reference[:at], reference[at+1:]
}

func (r imageRow) cells(now time.Time) []string {
	tagged := "N/A"
	if r.LastTagTime != nil {
		tagged = units.HumanDuration(now.Sub(*r.LastTagTime)) + " ago"
	}
	return []string{
		r.ContainerName, or(r.Repository, "<none>"), or(r.Tag, "<none>"), r.Platform, shortID(r.ID),
		units.HumanSizeWithPrecision(float64(r.Size), 3), tagged,
	}
}

// shortID is an image's ID as people read it.
func shortID(id string) string { return ellipsis(strings.TrimPrefix(id, "sha256:"), 12, "") }

// imageIDs are in full, as scripts want them, without what digests them.
func imageIDs(rows []imageRow) string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, r := range rows {
		if !seen[r.ID] {
			seen[r.ID] = true
			fmt.Fprintln(&b, strings.TrimPrefix(r.ID, "sha256:"))
		}
	}
	return b.String()
}
