package browser_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var update = flag.Bool("update", false, "write the pictures of the dashboard in docs anew")

// moment is when the pictures are taken, by the clocks of server and browser.
var moment = time.Date(2026, time.March, 10, 10, 41, 5, 0, time.UTC)

// height of the pictures.
const height = 1280

// maxPicture is how many bytes a picture of the README may have.
const maxPicture = 150 << 10

// TestThePicturesOfTheReadmeAreOfThisPage draws the dashboard in both themes, at a fixed moment of the normal world. With -update the pictures in
// docs become those; without, it looks whether there are such.
func TestThePicturesOfTheReadmeAreOfThisPage(t *testing.T) {
	_, origin := beginAt(t, "normal", func() time.Time { return moment })
	for _, theme := range []string{"light", "dark"} {
		p := open(t, origin)
		p.prefer("color-scheme", theme, "reduced-motion", "reduce")
		call(p, cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: `Date.now = () => ` + strconv.FormatInt(moment.UnixMilli(), 10)})
		p.size(1200, height)
		p.load("/?tz=utc")
		p.settled()
		p.until("the charts are drawn", `[...document.querySelectorAll('main .spark path, main .spark rect, main .spark polygon, main canvas')].length >= 4`)
		picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		p.must(err)
		picture = small(t, picture)
		file := "../../docs/dashboard-" + theme + ".png"
		if *update {
			p.must(os.WriteFile(file, picture, 0o644)) //nolint:gosec // a file of the repository
		}
		kept, err := os.ReadFile(file)
		p.must(err)
		is, err := png.DecodeConfig(bytes.NewReader(kept))
		if err != nil || is.Width != 1200 || is.Height != height || len(kept) > maxPicture {
			t.Errorf("%s: %d by %d, %d bytes, %v; want 1200 by %d, at most %d bytes: go test ./e2e/browser -run Picture -update", file, is.Width, is.Height, len(kept), err, height, maxPicture)
		}
	}
}

// small is the picture with the 256 colours that it has most of, and those nearest to them for the others.
func small(t *testing.T, text []byte) []byte {
	t.Helper()
	from, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[color.Color]int{}
	for y := range from.Bounds().Dy() {
		for x := range from.Bounds().Dx() {
			counts[from.At(x, y)]++
		}
	}
	most := color.Palette(slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	}))
	most = most[:min(len(most), 256)]
	nearest := map[color.Color]uint8{}
	for c := range counts {
		nearest[c] = uint8(most.Index(c)) //nolint:gosec // below 256
	}
	to := image.NewPaletted(from.Bounds(), most)
	for y := range from.Bounds().Dy() {
		for x := range from.Bounds().Dx() {
			to.SetColorIndex(x, y, nearest[from.At(x, y)])
		}
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, to); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
