//go:build e2e

package e2e_test

import (
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A page is the example's, in a browser without a window.
type page struct {
	ctx   context.Context
	asked int // predictions that the database holds
}

// openPage starts the browser, until the test ends.
func openPage(t *testing.T) *page {
	t.Helper()
	path := browser()
	if path == "" {
		t.Skip("no chromium and no google-chrome: scripts/setup test installs one")
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, // root, as in most CI, has no sandbox
		chromedp.WindowSize(1100, 900),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() { cancel(); stop() })
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &page{ctx: ctx}
}

func browser() string {
	for _, name := range []string{"chromium", "google-chrome", "chromium-browser"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// do carries out actions. What they wait for must come within the deadline.
func (p *page) do(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, deadline)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		var html string
		_ = chromedp.Run(p.ctx, chromedp.OuterHTML("html", &html))
		t.Fatalf("%v\n%s", err, html)
	}
}

func (p *page) visit(t *testing.T, address string) {
	t.Helper()
	p.do(t, chromedp.Navigate(address), chromedp.WaitVisible("#pad"))
}

// drawZero draws a ring on the pad with the mouse. The page asks by itself when
// the mouse is let go.
func (p *page) drawZero(t *testing.T) {
	t.Helper()
	var pad []*cdp.Node
	p.do(t, chromedp.Nodes("#pad", &pad), chromedp.ActionFunc(func(ctx context.Context) error {
		box, err := dom.GetBoxModel().WithNodeID(pad[0].NodeID).Do(ctx)
		if err != nil {
			return err
		}
		return drag(ctx, ring(box.Content))
	}))
	p.asked++
}

type point struct{ x, y float64 }

// ring are points on a slender ring inside a box, given by its corners.
func ring(box dom.Quad) (points []point) {
	left, top, width, height := box[0], box[1], box[2]-box[0], box[5]-box[1]
	for i := range 41 {
		turn := 2 * math.Pi * float64(i) / 40
		points = append(points, point{left + width*(0.5+0.18*math.Sin(turn)), top + height*(0.5-0.32*math.Cos(turn))})
	}
	return points
}

// drag moves the mouse along points with its button held down.
func drag(ctx context.Context, points []point) error {
	mouse := func(kind input.MouseType, at point) error {
		return input.DispatchMouseEvent(kind, at.x, at.y).WithButton(input.Left).WithButtons(1).WithClickCount(1).Do(ctx)
	}
	if err := mouse(input.MousePressed, points[0]); err != nil {
		return err
	}
	for _, at := range points[1:] {
		if err := mouse(input.MouseMoved, at); err != nil {
			return err
		}
	}
	return mouse(input.MouseReleased, points[len(points)-1])
}

// wantAnswer holds the page to a verdict, and to bars that agree with it.
func (p *page) wantAnswer(t *testing.T) {
	t.Helper()
	digit := p.answer(t)
	var shares []string
	p.do(t, chromedp.Evaluate(`[...document.querySelectorAll("#bars li")].map(bar => bar.dataset.probability)`, &shares))
	var sum, most float64
	best := ""
	for i, share := range shares {
		value, err := strconv.ParseFloat(share, 64)
		if err != nil {
			t.Fatal(err)
		}
		if sum += value; value > most {
			most, best = value, strconv.Itoa(i)
		}
	}
	if len(shares) != 10 || math.Abs(sum-1) > 0.01 || best != digit {
		t.Errorf("the page says %s, its bars %q", digit, shares)
	}
	if digit != "0" {
		t.Errorf("a ring was taken for a %s", digit)
	}
}

// answer waits for a verdict, and returns its digit.
func (p *page) answer(t *testing.T) (digit string) {
	t.Helper()
	p.do(t, chromedp.WaitVisible("#result[data-id], #result.failed"))
	var words string
	p.do(t, chromedp.Text("#result .words", &words), chromedp.AttributeValue("#result", "data-digit", &digit, nil))
	if digit == "" {
		t.Fatalf("the page says: %s", words)
	}
	return digit
}

// takeSample has the page ask about a test digit, and waits for the answer.
func (p *page) takeSample(t *testing.T) {
	t.Helper()
	p.do(t, chromedp.Click("#clear"), chromedp.WaitNotPresent("#result[data-id]"), chromedp.Click("#sample"))
	p.answer(t)
	p.asked++
}

// wantHistory waits until the page shows all that was asked from the database.
func (p *page) wantHistory(t *testing.T) {
	t.Helper()
	shown := strconv.Itoa(min(p.asked, 12)) // HISTORY_LIMIT
	p.do(t, chromedp.Poll(`document.querySelectorAll("#history li").length === `+shown+
		` && document.querySelector("#empty").hidden === (`+shown+` > 0)`, nil, chromedp.WithPollingTimeout(deadline/2)))
}

// save keeps a picture of the page for the documentation, when asked to.
func (p *page) save(t *testing.T) {
	t.Helper()
	if !*screenshot {
		return
	}
	for range 10 {
		p.takeSample(t)
	}
	p.do(t, chromedp.Click("#clear"), chromedp.WaitNotPresent("#result[data-id]"))
	p.drawZero(t)
	p.wantAnswer(t)
	p.wantHistory(t)
	var picture []byte
	still := chromedp.Evaluate(`Promise.all(document.getAnimations().map(a => a.finished)).then(() => true)`, nil,
		func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) })
	p.do(t, still, chromedp.FullScreenshot(&picture, 100))
	path := filepath.Join("..", "docs", "images", "ml-webapp.png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
