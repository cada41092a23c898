// Package deploy holds Terraform that turns flow logs on. This test reads it.
package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/periplus/periplus/doctor"
	"github.com/periplus/periplus/source"
)

// module is one folder of Terraform.
type module struct {
	t      *testing.T
	name   string
	blocks []*hclsyntax.Block // of all files, at the top
	locals map[string]hclsyntax.Expression
}

func load(t *testing.T, name string) *module {
	t.Helper()
	m := &module{t: t, name: name, locals: map[string]hclsyntax.Expression{}}
	paths, err := filepath.Glob(filepath.Join(name, "*.tf"))
	if err != nil || len(paths) < 4 {
		t.Fatalf("%s: %d files, %v", name, len(paths), err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, diags := hclsyntax.ParseConfig(text, path, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for _, b := range f.Body.(*hclsyntax.Body).Blocks {
			m.blocks = append(m.blocks, b)
			if b.Type == "locals" {
				for k, a := range b.Body.Attributes {
					m.locals[k] = a.Expr
				}
			}
		}
	}
	return m
}

// block finds a top block by its type and labels.
func (m *module) block(typ string, labels ...string) *hclsyntax.Block {
	m.t.Helper()
	for _, b := range m.blocks {
		if b.Type == typ && slices.Equal(b.Labels, labels) {
			return b
		}
	}
	m.t.Fatalf("%s: there is no %s %v", m.name, typ, labels)
	return nil
}

// names are those of a kind of top block, by its last label.
func (m *module) names(typ string) map[string]bool {
	out := map[string]bool{}
	for _, b := range m.blocks {
		if b.Type == typ {
			out[strings.Join(b.Labels, ".")] = true
		}
	}
	return out
}

// refer calls f with every reference that an expression of a body makes, and
// with the names that dynamic blocks around it bring in.
func refer(body *hclsyntax.Body, bound []string, f func(hcl.Traversal, []string)) {
	for name, a := range body.Attributes {
		if name == "type" && body.Attributes["description"] != nil {
			continue // of a variable: its words are no references
		}
		for _, v := range a.Expr.Variables() {
			f(v, bound)
		}
	}
	for _, b := range body.Blocks {
		inner := bound
		if b.Type == "dynamic" {
			inner = append(slices.Clone(bound), b.Labels[0])
		}
		refer(b.Body, inner, f)
	}
}

// step is the name of a part of a reference, "" for an index.
func step(t hcl.Traversal, i int) string {
	if i < len(t) {
		switch s := t[i].(type) {
		case hcl.TraverseRoot:
			return s.Name
		case hcl.TraverseAttr:
			return s.Name
		}
	}
	return ""
}

// TestReferences: what is referred to is there, and what is there is used.
func TestReferences(t *testing.T) {
	for _, name := range []string{"aws", "gcp", "azure"} {
		m := load(t, name)
		variables, resources, data := m.names("variable"), m.names("resource"), m.names("data")
		used := map[string]bool{}
		for _, b := range m.blocks {
			refer(b.Body, nil, func(v hcl.Traversal, bound []string) {
				root, second := step(v, 0), step(v, 1)
				ok := false
				switch root {
				case "var":
					ok = variables[second]
					used["var."+second] = true
				case "local":
					ok = m.locals[second] != nil
					used["local."+second] = true
				case "data":
					ok = data[second+"."+step(v, 2)]
					used["data."+second+"."+step(v, 2)] = true
				case "each":
					ok = b.Body.Attributes["for_each"] != nil
				default:
					ok = resources[root+"."+second] || slices.Contains(bound, root)
				}
				if !ok {
					t.Errorf("%s: %s refers to what is not there", v.SourceRange(), strings.Trim(root+"."+second, "."))
				}
			})
			for _, what := range map[string][]string{"variable": {"description", "type"}, "output": {"description", "value"}}[b.Type] {
				if b.Body.Attributes[what] == nil {
					t.Errorf("%s %s %v has no %s", name, b.Type, b.Labels, what)
				}
			}
		}
		for v := range variables {
			if !used["var."+v] {
				t.Errorf("%s: variable %s is not used", name, v)
			}
		}
		for l := range m.locals {
			if !used["local."+l] {
				t.Errorf("%s: local %s is not used", name, l)
			}
		}
		for d := range data {
			if !used["data."+d] {
				t.Errorf("%s: data %s is not used", name, d)
			}
		}
	}
}

// TestReferencesCanFail: a reference into the void is seen.
func TestReferencesCanFail(t *testing.T) {
	f, diags := hclsyntax.ParseConfig([]byte("output \"x\" {\n value = \"${var.nowhere}\"\n b {\n c = aws_x.y.id\n }\n}\n"), "x.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var got []string
	refer(f.Body.(*hclsyntax.Body), nil, func(v hcl.Traversal, _ []string) { got = append(got, step(v, 0)+"."+step(v, 1)) })
	slices.Sort(got)
	if want := "aws_x.y var.nowhere"; strings.Join(got, " ") != want {
		t.Errorf("references %v, want %s", got, want)
	}
}

var functions = map[string]function.Function{"join": stdlib.JoinFunc, "concat": stdlib.ConcatFunc, "replace": stdlib.ReplaceFunc, "length": stdlib.LengthFunc}

// scope is what expressions are evaluated in: defaults of variables, and for
// every attribute of a resource that is referred to its own name.
func (m *module) scope() *hcl.EvalContext {
	m.t.Helper()
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: functions}
	vars := map[string]cty.Value{}
	for _, b := range m.blocks {
		if b.Type == "variable" {
			vars[b.Labels[0]] = cty.StringVal("VAR-" + b.Labels[0])
			if d := b.Body.Attributes["default"]; d != nil {
				v, diags := d.Expr.Value(nil)
				if diags.HasErrors() {
					m.t.Fatal(diags)
				}
				vars[b.Labels[0]] = v
			}
		}
	}
	ctx.Variables["var"] = cty.ObjectVal(vars)
	attributes := map[string]map[string]map[string]cty.Value{} // type, name, attribute
	for _, b := range m.blocks {
		if b.Type == "resource" || b.Type == "data" {
			root := b.Labels[0]
			if b.Type == "data" {
				root = "data " + root
			}
			if attributes[root] == nil {
				attributes[root] = map[string]map[string]cty.Value{}
			}
			attributes[root][b.Labels[1]] = map[string]cty.Value{}
		}
	}
	for _, b := range m.blocks {
		refer(b.Body, nil, func(v hcl.Traversal, _ []string) {
			root, v := step(v, 0), v[1:]
			if root == "data" {
				root, v = "data "+step(v, 0), v[1:]
			}
			name, attr := step(v, 0), step(v, 1)
			if attr == "" {
				attr = step(v, 2) // of one of several
			}
			if attributes[root] != nil && attributes[root][name] != nil && attr != "" {
				attributes[root][name][attr] = cty.StringVal(strings.ReplaceAll(name+"-"+attr, "_", "-"))
			}
		})
	}
	data := map[string]cty.Value{}
	for root, list := range attributes {
		objects := map[string]cty.Value{}
		for name, attrs := range list {
			typ, isData := strings.CutPrefix(root, "data ")
			of := m.block(map[bool]string{true: "data", false: "resource"}[isData], typ, name)
			switch {
			case of.Body.Attributes["for_each"] != nil:
				objects[name] = cty.EmptyObjectVal
			case of.Body.Attributes["count"] != nil:
				objects[name] = cty.TupleVal([]cty.Value{cty.ObjectVal(attrs)})
			default:
				objects[name] = cty.ObjectVal(attrs)
			}
		}
		if typ, ok := strings.CutPrefix(root, "data "); ok {
			data[typ] = cty.ObjectVal(objects)
		} else {
			ctx.Variables[root] = cty.ObjectVal(objects)
		}
	}
	ctx.Variables["data"] = cty.ObjectVal(data)
	// Locals may refer to one another.
	done := map[string]cty.Value{}
	for len(done) < len(m.locals) {
		before := len(done)
		for name, e := range m.locals {
			if _, ok := done[name]; ok {
				continue
			}
			ctx.Variables["local"] = cty.ObjectVal(done)
			if v, diags := e.Value(ctx); !diags.HasErrors() {
				done[name] = v
			}
		}
		if len(done) == before {
			for name, e := range m.locals {
				if _, diags := e.Value(ctx); diags.HasErrors() {
					m.t.Error(name, diags)
				}
			}
			m.t.Fatalf("%s: of %d locals only %d can be evaluated", m.name, len(m.locals), before)
		}
	}
	ctx.Variables["local"] = cty.ObjectVal(done)
	return ctx
}

// value evaluates an attribute to text.
func (m *module) value(b *hclsyntax.Body, name string) string {
	m.t.Helper()
	a := b.Attributes[name]
	if a == nil {
		m.t.Fatalf("%s: there is no %s", m.name, name)
	}
	v, diags := a.Expr.Value(m.scope())
	if diags.HasErrors() {
		m.t.Fatalf("%s: %v", name, diags)
	}
	switch v.Type() {
	case cty.Bool:
		return map[bool]string{true: "true", false: "false"}[v.True()]
	case cty.Number:
		return v.AsBigFloat().String()
	}
	return v.AsString()
}

// holds compares settings with those of a body and the blocks in it.
func (m *module) holds(b *hclsyntax.Block, settings []doctor.Setting, but ...string) {
	m.t.Helper()
	for _, s := range settings {
		if slices.Contains(but, s.Name) {
			continue
		}
		body := b.Body
		for _, inner := range b.Body.Blocks {
			if inner.Body.Attributes[s.Name] != nil {
				body = inner.Body
			}
		}
		if got := m.value(body, s.Name); got != s.Value {
			m.t.Errorf("%s %v sets %s to %q, doctor recommends %q", m.name, b.Labels, s.Name, got, s.Value)
		}
	}
}

// TestFormats: what Terraform sets is what doctor recommends.
func TestFormats(t *testing.T) {
	aws := load(t, "aws")
	for name, fields := range map[string][]doctor.Field{"vpc": doctor.AWSFields, "transit_gateway": doctor.TransitGatewayFields} {
		b := aws.block("resource", "aws_flow_log", name)
		if got, want := aws.value(b.Body, "log_format"), doctor.LogFormat(fields); got != want {
			t.Errorf("aws_flow_log.%s has the format\n%s\ndoctor recommends\n%s", name, got, want)
		}
	}
	aws.holds(aws.block("resource", "aws_flow_log", "vpc"), doctor.AWSSettings)
	aws.holds(aws.block("resource", "aws_flow_log", "transit_gateway"), doctor.AWSSettings, "traffic_type") // it has none
	gcp := load(t, "gcp")
	for _, name := range []string{"subnet", "network"} {
		gcp.holds(gcp.block("resource", "google_network_management_vpc_flow_logs_config", name), doctor.GCPSettings)
	}
	azure := load(t, "azure")
	azure.holds(azure.block("resource", "azurerm_network_watcher_flow_log", "vnet"), doctor.AzureSettings)
}

// TestOutputs: each module ends in command lines whose addresses Periplus
// knows.
func TestOutputs(t *testing.T) {
	words := regexp.MustCompile(`'[^']*'|\S+`)
	for name, queue := range map[string]string{"aws": "awssqs://", "gcp": "gcppubsub://projects/", "azure": "azuresb://"} {
		m := load(t, name)
		for _, verb := range []string{"doctor", "ingest", "watch"} {
			line := m.value(m.block("output", verb).Body, "value")
			if i := strings.Index(line, "periplus "+verb+" "); i < 0 || i > 0 && name != "azure" {
				t.Errorf("%s: %s is %q", name, verb, line)
			}
			bucket, notices := false, false
			for _, w := range words.FindAllString(line, -1) {
				w = strings.Trim(w, "'")
				bucket = bucket || source.IsBucket(w)
				notices = notices || strings.HasPrefix(w, queue)
			}
			if !bucket || notices != (verb == "watch") {
				t.Errorf("%s: %s names a bucket: %v, a queue: %v in %q", name, verb, bucket, notices, line)
			}
		}
	}
}

// TestReaders: who reads may read, and nothing beside it.
func TestReaders(t *testing.T) {
	aws := load(t, "aws")
	var actions []string
	collect := func(b *hclsyntax.Body) {
		if a := b.Attributes["actions"]; a != nil {
			v, diags := a.Expr.Value(nil)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			for _, x := range v.AsValueSlice() {
				actions = append(actions, x.AsString())
			}
		}
	}
	for _, b := range aws.block("data", "aws_iam_policy_document", "reader").Body.Blocks {
		collect(b.Body)
		for _, inner := range b.Body.Blocks {
			collect(inner.Body)
		}
	}
	slices.Sort(actions)
	if want := "kms:Decrypt s3:GetObject s3:ListBucket sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage"; strings.Join(actions, " ") != want {
		t.Errorf("the reader may %v, want %s", actions, want)
	}
	for _, m := range []struct{ name, typ, resource, attribute, want string }{
		{"gcp", "google_storage_bucket_iam_member", "reader", "role", "roles/storage.objectViewer"},
		{"gcp", "google_pubsub_subscription_iam_member", "reader", "role", "roles/pubsub.subscriber"},
		{"azure", "azurerm_role_assignment", "blobs", "role_definition_name", "Storage Blob Data Reader"},
		{"azure", "azurerm_role_assignment", "queue", "role_definition_name", "Azure Service Bus Data Receiver"},
	} {
		of := load(t, m.name)
		if got := of.value(of.block("resource", m.typ, m.resource).Body, m.attribute); got != m.want {
			t.Errorf("%s %s.%s is %s, want %s", m.name, m.typ, m.resource, got, m.want)
		}
	}
}

// TestVersions: providers have a range with both ends.
func TestVersions(t *testing.T) {
	both := regexp.MustCompile(`^>= \d+\.\d+\.\d+, < \d+\.0\.0$`)
	for name, provider := range map[string]string{"aws": "hashicorp/aws", "gcp": "hashicorp/google", "azure": "hashicorp/azurerm"} {
		m := load(t, name)
		for _, b := range m.block("terraform").Body.Blocks {
			for k, a := range b.Body.Attributes {
				v, diags := a.Expr.Value(nil)
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				if of := v.AsValueMap(); of["source"].AsString() != provider || !both.MatchString(of["version"].AsString()) {
					t.Errorf("%s: provider %s is %s %s", name, k, of["source"].AsString(), of["version"].AsString())
				}
			}
		}
		if _, err := os.Stat(filepath.Join(name, "README.md")); err != nil {
			t.Error(err)
		}
	}
}

// TestFormatted: where terraform is installed, it would not write them
// otherwise.
func TestFormatted(t *testing.T) {
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not installed")
	}
	if out, err := exec.Command("terraform", "fmt", "-check", "-recursive", "-diff", ".").Output(); err != nil {
		t.Errorf("terraform fmt: %v\n%s", err, out)
	}
}
