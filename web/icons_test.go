package web

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const picture = `<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h1v1z"/></svg>`

// folder writes files (name, text …) to a folder.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The pack in the binary is whole, and its files are what they were fetched as.
func TestAWSIcons(t *testing.T) {
	p := AWSIcons()
	if p.Name != "aws" || len(p.icons) != 37 || len(p.Missing) > 0 || !strings.Contains(string(p.notice), "CC-BY-ND") && !strings.Contains(string(p.notice), "NoDerivs") {
		t.Errorf("pack %s: %d icons, without %v", p.Name, len(p.icons), p.Missing)
	}
	b, err := shipped.ReadFile("icons/aws/resource/AmazonEC2Instance.svg")
	if err != nil || string(p.icons["aws.ec2"]) != string(b) {
		t.Errorf("aws.ec2 is not the file that was fetched: %v", err)
	}
	if _, err := shipped.ReadFile("icons/aws/LICENSE"); err != nil {
		t.Error(err)
	}
	for key, b := range p.icons {
		for _, alive := range []string{"<script", "onload", "javascript:", "<foreignObject", "href="} {
			if strings.Contains(string(b), alive) {
				t.Errorf("%s holds %s", key, alive)
			}
		}
	}
}

func TestOpenIcons(t *testing.T) {
	keys := func(p *IconPack) (k []string) {
		for key := range p.icons {
			k = append(k, key)
		}
		slices.Sort(k)
		return k
	}
	f := func(want string, files ...string) {
		t.Helper()
		p, err := OpenIcons(folder(t, files...))
		if err != nil {
			t.Errorf("%v: %v", files, err)
		} else if got := p.Name + " " + strings.Join(keys(p), " "); got != want {
			t.Errorf("%v: %s, want %s", files, got, want)
		}
	}
	f("google gcp.cloudsql gcp.gce", "google-cloud-icons/compute_engine/compute_engine.svg", picture, "google-cloud-icons/cloud_sql/cloud_sql.svg", picture, "readme.txt", "x")
	f("microsoft azure.vm azure.vnet", "Azure_Public_Service_Icons/Icons/compute/10021-icon-service-Virtual-Machine.svg", picture, "Azure_Public_Service_Icons/Icons/networking/10061-icon-service-Virtual-Networks.svg", picture)
	f("ours aws.ec2 gen.db", "icons.json", `{"name":"ours","files":{"aws.ec2":"a/b.svg","gen.db":"db.svg","gen.lb":"none.svg"}}`, "a/b.svg", picture, "c/b.svg", "<svg/>", "db.svg", picture)

	bad := func(says string, files ...string) {
		t.Helper()
		if _, err := OpenIcons(folder(t, files...)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v, want %q", files, err, says)
		}
	}
	bad("none of the icons", "x.svg", picture)
	bad("icons.json", "icons.json", `{`)
	bad("name", "icons.json", `{"name":"../x","files":{"aws.ec2":"a.svg"}}`)
	bad("no key", "icons.json", `{"name":"x","files":{"<b>":"a.svg"}}`)
	bad("files names 0", "icons.json", `{"name":"x"}`)
	bad("none of its icons", "icons.json", `{"name":"x","files":{"aws.ec2":"../../etc/passwd"}}`)
	bad("not an SVG", "icons.json", `{"name":"x","files":{"aws.ec2":"a.svg"}}`, "a.svg", "GIF89a")
	bad("at most", "icons.json", `{"name":"x","files":{"aws.ec2":"a.svg"}}`, "a.svg", picture+strings.Repeat(" ", maxIcon))

	// A link leads nowhere else.
	dir := folder(t, "icons.json", `{"name":"x","files":{"aws.ec2":"a.svg"}}`)
	if err := os.Symlink(filepath.Join(folder(t, "a.svg", picture), "a.svg"), filepath.Join(dir, "a.svg")); err != nil {
		t.Fatal(err)
	}
	if p, err := OpenIcons(dir); err == nil {
		t.Errorf("a link out of the folder is read: %v", keys(p))
	}
}

func TestIcons(t *testing.T) {
	s := server()
	ours, err := OpenIcons(folder(t, "icons.json", `{"name":"ours","files":{"aws.ec2":"b.svg","gen.db":"b.svg"}}`, "b.svg", picture))
	if err != nil {
		t.Fatal(err)
	}
	s.Icons = []*IconPack{AWSIcons(), ours}
	var m struct {
		Icons        []iconsOf
		IconsVersion string
	}
	if err := json.NewDecoder(get(t, s, "/api/v1/meta").Body).Decode(&m); err != nil || len(m.Icons) != 2 || !slices.Equal(m.Icons[0].Packs, []string{"aws", "ours"}) || m.Icons[1].Provider != "gen" || m.IconsVersion == "" {
		t.Errorf("meta's icons: %+v, %v", m, err)
	}
	r := get(t, s, "/api/v1/icons/ours/aws.ec2.svg?v="+m.IconsVersion)
	b, err := io.ReadAll(r.Body)
	if err != nil || string(b) != picture || r.StatusCode != 200 {
		t.Errorf("an icon: %d %s, %v", r.StatusCode, b, err)
	}
	for k, want := range map[string]string{"Content-Type": "image/svg+xml", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=31536000, immutable"} {
		if got := r.Header.Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	// Without the version it is asked again each time, cheaply.
	old := get(t, s, "/api/v1/icons/ours/aws.ec2.svg?v=old")
	if tag := old.Header.Get("ETag"); old.Header.Get("Cache-Control") != "no-cache" || tag == "" ||
		get(t, s, "/api/v1/icons/ours/aws.ec2.svg", func(r *http.Request) { r.Header.Set("If-None-Match", tag) }).StatusCode != 304 {
		t.Errorf("an icon of an old version: %v", old.Header)
	}
	for _, path := range []string{"ours/aws.rds.svg", "nobody/aws.ec2.svg", "ours/aws.ec2", "ours/..%2f..%2fetc%2fpasswd", "ours/b.svg", "ours/NOTICE", "..%2fours/aws.ec2.svg"} {
		if r := get(t, s, "/api/v1/icons/"+path); r.StatusCode != 404 {
			t.Errorf("%s: %d, want 404", path, r.StatusCode)
		}
	}
	if r := get(t, s, "/api/v1/icons/aws/NOTICE"); r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("the notice: %d", r.StatusCode)
	}
}
