package periplus_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// layers is ARCHITECTURE's picture: a package may import those that stand in
// its own line, and nothing else of this module. Each new package gets a line.
var layers = map[string]string{
	"periplus":          "",
	"format":            "periplus internal/scratch",
	"internal/scratch":  "",
	"aws":               "periplus internal/scratch",
	"source":            "periplus aws",
	"doctor":            "periplus format aws source",
	"digest":            "periplus internal/scratch",
	"merge":             "periplus",
	"own":               "periplus",
	"names":             "periplus digest",
	"lake":              "periplus format source digest merge names",
	"receive":           "periplus format lake",
	"query":             "periplus",
	"traffic":           "periplus digest merge lake query internal/scratch",
	"duckdb":            "periplus query",
	"graph":             "periplus query",
	"queue":             "periplus",
	"watch":             "periplus lake",
	"web":               "periplus format query graph names",
	"web/dist":          "",
	"deploy":            "",
	"cmd/periplus":      "*",
	"internal/flowgen":  "periplus",
	"internal/servers":  "",
	"internal/flowtest": "*",
	"internal/bench":    "*",
}

// heavy says which packages may pull in a dependency that costs (cgo, a cloud
// SDK, a browser): it stays where it is named.
var heavy = map[string]string{
	"github.com/duckdb/duckdb-go/v2": "duckdb internal/bench",
	"github.com/apache/iceberg-go":   "lake",
	"github.com/apache/arrow-go/v18": "lake format internal/flowgen",
	"github.com/aws/aws-sdk-go-v2":   "source aws",
	"github.com/Azure":               "source queue internal/servers",
	"cloud.google.com/go":            "source",
	"gocloud.dev":                    "source aws queue internal/servers internal/bench",
	"github.com/nats-io":             "queue internal/servers",
	"github.com/prometheus":          "watch cmd/periplus",
	"github.com/spf13/cobra":         "cmd/periplus",
	"github.com/vbauerster/mpb/v8":   "cmd/periplus",
	"github.com/goccy/go-yaml":       "names",
}

func TestLayers(t *testing.T) {
	const module = "github.com/periplus/periplus/"
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		if name+"/" == module {
			continue // this folder: tests only
		}
		seen++
		may, ok := layers[name]
		if !ok {
			t.Errorf("package %s is in no layer: add it to layers_test.go and ARCHITECTURE.md", name)
		}
		for _, imp := range p.Imports {
			if to, ours := strings.CutPrefix(imp, module); ours && may != "*" && !word(may, to) {
				t.Errorf("%s imports %s, which its layer (%s) may not", name, to, may)
			}
			for dep, where := range heavy {
				if (imp == dep || strings.HasPrefix(imp, dep+"/")) && !word(where, name) {
					t.Errorf("%s imports %s, which stays inside %s", name, imp, where)
				}
			}
			if name == "periplus" && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
				t.Errorf("periplus imports %s: the words need the standard library only", imp)
			}
		}
	}
	if seen < 3 {
		t.Fatalf("looked at %d packages: the test saw nothing", seen)
	}
}

func word(list, w string) bool {
	for _, f := range strings.Fields(list) {
		if f == w {
			return true
		}
	}
	return false
}
