package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// shipped is the pack that the binary holds, and the mappings of those that
// users download themselves.
//
//go:embed icons/aws icons/google.json icons/microsoft.json
var shipped embed.FS

// What a pack of icons may hold.
const (
	maxIcon  = 256 << 10 // bytes of one
	maxIcons = 2000
	maxPack  = 100_000 // files in its folder
)

// IconPack is the official icons of a cloud, by key (see docs/icons.md). It is
// read once: what lies on disk later changes nothing.
type IconPack struct {
	Name    string
	Title   string
	Missing []string // keys whose file is not there

	icons  map[string][]byte
	notice []byte
}

// A mapping says which file is the icon of a key.
type mapping struct {
	Name  string            `json:"name"`
	Title string            `json:"title"`
	Files map[string]string `json:"files"`
}

const mappingFile = "icons.json"

var (
	packName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)
	iconKey  = regexp.MustCompile(`^[a-z]+(\.[a-z0-9-]+)+$`)
)

// AWSIcons is the pack that the binary holds.
func AWSIcons() *IconPack {
	sub, err := fs.Sub(shipped, "icons/aws")
	if err != nil {
		panic(err) // it is in the binary
	}
	p, err := readPack(sub, readMapping(sub, mappingFile))
	if err != nil {
		panic(err)
	}
	return p
}

func readMapping(from fs.FS, name string) func() (mapping, error) {
	return func() (m mapping, err error) {
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return m, err
		}
		if err := json.Unmarshal(b, &m); err != nil {
			return m, fmt.Errorf("%s: %w", name, err)
		}
		if !packName.MatchString(m.Name) {
			return m, fmt.Errorf("%s: the name %q is none: use a to z, 0 to 9 and -", name, m.Name)
		}
		if len(m.Files) == 0 || len(m.Files) > maxIcons {
			return m, fmt.Errorf("%s: files names %d icons; give 1 to %d as key: file", name, len(m.Files), maxIcons)
		}
		for k := range m.Files {
			if !iconKey.MatchString(k) {
				return m, fmt.Errorf("%s: %q is no key of an icon; docs/icons.md lists them", name, k)
			}
		}
		return m, nil
	}
}

// OpenIcons reads the pack in a folder: by its icons.json, or, where it is an
// unzipped download of a cloud's icons, by the mapping that fits it. Nothing
// outside the folder is read, whatever a link or a name says.
func OpenIcons(dir string) (*IconPack, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	from := root.FS()
	if _, err := fs.Stat(from, mappingFile); err == nil {
		p, err := readPack(from, readMapping(from, mappingFile))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		return p, nil
	}
	var best *IconPack
	for _, name := range []string{"icons/google.json", "icons/microsoft.json"} {
		p, err := readPack(from, readMapping(shipped, name))
		if err != nil && !errors.Is(err, errNoIcon) {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		if err == nil && (best == nil || len(p.icons) > len(best.icons)) {
			best = p
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%s: no %s there, and none of the icons that Google and Microsoft offer for download; see docs/icons.md", dir, mappingFile)
	}
	return best, nil
}

var errNoIcon = errors.New("none of its icons is there")

// readPack reads the icons of a mapping from a folder.
func readPack(from fs.FS, read func() (mapping, error)) (*IconPack, error) {
	m, err := read()
	if err != nil {
		return nil, err
	}
	find, err := finder(from)
	if err != nil {
		return nil, err
	}
	p := &IconPack{Name: m.Name, Title: m.Title, icons: map[string][]byte{}}
	for _, key := range slices.Sorted(maps.Keys(m.Files)) {
		file := find(m.Files[key])
		if file == "" {
			p.Missing = append(p.Missing, key)
			continue
		}
		if p.icons[key], err = readIcon(from, file); err != nil {
			return nil, err
		}
	}
	if len(p.icons) == 0 {
		return nil, fmt.Errorf("%s: %w", m.Name, errNoIcon)
	}
	if b, err := fs.ReadFile(from, "NOTICE"); err == nil && len(b) <= maxIcon {
		p.notice = b
	}
	return p, nil
}

// finder finds a mapping's file: at its path, or, as downloads nest folders,
// wherever its path or its name ends a file's.
func finder(from fs.FS) (func(string) string, error) {
	byBase := map[string][]string{}
	n := 0
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if n++; n > maxPack {
			return fmt.Errorf("more than %d files: name the folder of the icons", maxPack)
		}
		if d.Type().IsRegular() && strings.HasSuffix(strings.ToLower(name), ".svg") {
			base := strings.ToLower(path.Base(name))
			byBase[base] = append(byBase[base], name)
		}
		return nil
	})
	return func(want string) string {
		want = strings.ToLower(path.Clean(want))
		best, nearest := "", 3
		for _, name := range byBase[path.Base(want)] { // in the order of their names
			rank := 2
			if l := strings.ToLower(name); l == want {
				rank = 0
			} else if strings.HasSuffix(l, "/"+want) {
				rank = 1
			}
			if rank < nearest {
				best, nearest = name, rank
			}
		}
		return best
	}, err
}

// readIcon reads one file and makes sure that it is a picture.
func readIcon(from fs.FS, name string) ([]byte, error) {
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxIcon+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > maxIcon:
		return nil, fmt.Errorf("%s: an icon has at most %d KiB", name, maxIcon>>10)
	case !bytes.Contains(b, []byte("<svg")):
		return nil, fmt.Errorf("%s: not an SVG", name)
	}
	return b, nil
}

// providers are those whose kinds of nodes the pack has icons for.
func (p *IconPack) providers() []string {
	set := map[string]bool{}
	for key := range p.icons {
		provider, _, _ := strings.Cut(key, ".")
		set[provider] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// iconsMeta lists the packs of each provider, and what changes with them.
func (s *Server) iconsMeta() (list []iconsOf, version string) {
	packs, h := map[string][]string{}, sha256.New()
	for _, p := range s.Icons {
		for _, provider := range p.providers() {
			packs[provider] = append(packs[provider], p.Name)
		}
		for _, key := range slices.Sorted(maps.Keys(p.icons)) {
			fmt.Fprintf(h, "%s %s %d\n", p.Name, key, len(p.icons[key]))
			h.Write(p.icons[key])
		}
	}
	for _, provider := range slices.Sorted(maps.Keys(packs)) {
		list = append(list, iconsOf{provider, packs[provider]})
	}
	return list, hex.EncodeToString(h.Sum(nil)[:6])
}

type iconsOf struct {
	Provider string   `json:"provider"`
	Packs    []string `json:"packs"`
}

// icon serves one picture of a pack. It is somebody else's file: opened by
// itself it may run nothing and load nothing.
func (s *Server) icon(w http.ResponseWriter, r *http.Request) {
	name, file := r.PathValue("pack"), r.PathValue("file")
	i := slices.IndexFunc(s.Icons, func(p *IconPack) bool { return p.Name == name })
	if i < 0 {
		s.fail(w, r, problem{http.StatusNotFound, "not_found", "there is no such pack of icons", ""})
		return
	}
	h := w.Header()
	if file == "NOTICE" && s.Icons[i].notice != nil {
		serve(w, r, "text/plain; charset=utf-8", s.Icons[i].notice)
		return
	}
	key, isSVG := strings.CutSuffix(file, ".svg")
	b, ok := s.Icons[i].icons[key]
	if !ok || !isSVG {
		s.fail(w, r, problem{http.StatusNotFound, "not_found", "the pack has no such icon", "draw its glyph"})
		return
	}
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	if v := r.URL.Query().Get("v"); v != "" && v == s.iconsVersion() {
		h.Set("Cache-Control", "private, max-age=31536000, immutable")
		h.Set("Content-Type", "image/svg+xml")
		_, _ = w.Write(b) // nobody is left to tell
		return
	}
	serve(w, r, "image/svg+xml", b)
}

func (s *Server) iconsVersion() string {
	s.iconsOnce.Do(func() { s.iconsList, s.iconsMark = s.iconsMeta() })
	return s.iconsMark
}
