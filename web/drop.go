package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"
)

// Drop says what becomes of files that are dropped on the page. The zero value
// takes none.
type Drop struct {
	// Read reads files into the data and brings the map up to date, telling of
	// its progress; nil: nothing may be dropped. Its error is why nothing could
	// be read; one with a method Hint() string says what to do.
	Read func(context.Context, *Dropped, Tell) error
	// Demo reads the logs of a simulated company; nil: it may not be mixed in.
	Demo func(context.Context, Tell) error
	// Limit is how many bytes one drop may bring.
	Limit int64
	// Temp is the folder in which files wait to be read; "": the system's.
	Temp string
}

// maxFiles is how many files one drop may bring.
const maxFiles = 200_000

// Dropped is what one drop brought: files below a folder.
type Dropped struct {
	Dir   string
	Files []DroppedFile
}

// DroppedFile is one file: its name as dropped and as it lies in the folder,
// both with slashes.
type DroppedFile struct {
	Name string
	Path string
	Size int64
	Sum  [sha256.Size]byte // of its bytes
}

// drop takes files: they go to a folder on disk as they come, never into
// memory, and are read by a job.
func (s *Server) drop(w http.ResponseWriter, r *http.Request) {
	if err := s.takes(r); err != nil {
		s.fail(w, r, err)
		return
	}
	ctx, finish, ok := s.life.begin(r.Context())
	if !ok {
		s.fail(w, r, problem{http.StatusServiceUnavailable, "ending", "the server ends", ""})
		return
	}
	defer finish()
	// A server that ends does not wait for the rest of an upload.
	control := http.NewResponseController(w)
	defer context.AfterFunc(ctx, func() { _ = control.SetReadDeadline(time.Unix(1, 0)) })()

	dir, err := os.MkdirTemp(s.Drop.Temp, "periplus-drop-")
	if err != nil {
		s.fail(w, r, fmt.Errorf("a folder for what was dropped: %w", err))
		return
	}
	d := &Dropped{Dir: dir}
	clean := func() error { return os.RemoveAll(dir) }
	if err := s.receive(w, r, d); err != nil {
		if err := errors.Join(err, clean()); ctx.Err() == nil {
			s.fail(w, r, err)
		}
		return
	}
	j, err := s.add(d.name(), func(ctx context.Context, tell Tell) error { return s.Drop.Read(ctx, d, tell) }, clean)
	if err != nil {
		s.fail(w, r, errors.Join(err, clean()))
		return
	}
	accepted(w, j)
}

// demo reads the simulated company in.
func (s *Server) demo(w http.ResponseWriter, r *http.Request) {
	x, err := s.Questions.Extent(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if s.Drop.Demo == nil || !x.From.IsZero() {
		s.fail(w, r, problem{http.StatusNotFound, "no_demo", "the simulated company would mix with your data", "'periplus map --demo' shows it alone"})
		return
	}
	j, err := s.add("demo", s.Drop.Demo, func() error { return nil })
	if err != nil {
		s.fail(w, r, err)
		return
	}
	accepted(w, j)
}

func accepted(w http.ResponseWriter, j Job) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(line(j)) // nobody is left to tell
}

// takes is why a drop is refused before it is looked at; nil: it is not.
func (s *Server) takes(r *http.Request) error {
	if s.Drop.Read == nil {
		return problem{http.StatusNotFound, "no_drop", "this server takes no files", "start it without --read-only, as a user who may write the lake"}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return problem{http.StatusForbidden, "remote", "files are taken from this machine only", "use 'periplus ingest --lake DIR SOURCE' on the server"}
	}
	if r.ContentLength > s.Drop.Limit {
		return s.tooLarge()
	}
	return nil
}

func (s *Server) tooLarge() error {
	return problem{http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("a drop may bring %d MiB", s.Drop.Limit>>20), "'periplus ingest --lake DIR SOURCE' reads folders of any size; --max-drop raises the limit"}
}

// receive writes the files of a form to the folder of d.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, d *Dropped) error {
	r.Body = http.MaxBytesReader(w, r.Body, s.Drop.Limit)
	form, err := r.MultipartReader()
	if err != nil {
		return problem{http.StatusUnsupportedMediaType, "type", "the body is no form with files", "send multipart/form-data with a part file for each"}
	}
	root, err := os.OpenRoot(d.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for {
		part, err := form.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			if known := s.broken(err); known != err {
				return known
			}
			return bad("the form cannot be read: "+err.Error(), "drop the files again")
		}
		if part.FormName() != "file" {
			continue
		}
		if len(d.Files) == maxFiles {
			return problem{http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("a drop may bring %d files", maxFiles), "'periplus ingest --lake DIR SOURCE' reads folders of any size"}
		}
		name, err := partName(part)
		if err != nil {
			return err
		}
		f, err := store(root, name, len(d.Files), part)
		if err != nil {
			return s.broken(err)
		}
		d.Files = append(d.Files, f)
	}
	if len(d.Files) == 0 {
		return bad("no file was dropped", "send a part file for each")
	}
	return nil
}

// broken is why an upload ended early.
func (s *Server) broken(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return s.tooLarge()
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return problem{http.StatusInsufficientStorage, "no_space", "the disk of the temporary folder is full", "set TMPDIR to a folder with more room and start again"}
	case errors.Is(err, syscall.ENAMETOOLONG):
		return problem{http.StatusBadRequest, "name", "a file's name is too long", "give it a shorter one"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return bad("the upload broke off", "drop the files again")
	}
	return err
}

// partName is a part's relative path. Part.FileName would leave the folders
// out, and they say where a log is from.
func partName(p *multipart.Part) (string, error) {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		return "", problem{http.StatusBadRequest, "name", "a file has a name that cannot be read: " + err.Error(), "rename it"}
	}
	return harmless(params["filename"])
}

// harmless is a dropped file's name as a path below a folder, or an error.
func harmless(name string) (string, error) {
	refuse := func(why string) error {
		return problem{http.StatusBadRequest, "name", fmt.Sprintf("the file name %q %s", name, why), "drop the files or the folder themselves"}
	}
	var parts []string
	for p := range strings.SplitSeq(strings.ReplaceAll(name, `\`, "/"), "/") {
		switch p {
		case "..":
			return "", refuse("leads out of its folder")
		case "", ".":
			continue
		}
		parts = append(parts, p)
	}
	clean := path.Join(parts...)
	switch {
	case strings.HasPrefix(name, "/"), strings.HasPrefix(name, `\`), len(name) > 2 && name[1:3] == `:\`:
		return "", refuse("is absolute")
	case clean == "":
		return "", refuse("is empty")
	case len(clean) > 2000 || len(parts) > 50:
		return "", refuse("is too long")
	case !utf8.ValidString(clean) || strings.ContainsFunc(clean, unicode.IsControl):
		return "", refuse("holds characters that cannot be seen")
	}
	return clean, nil
}

// store writes one file below root. Two of one name lie in folders of their own.
func store(root *os.Root, name string, n int, in io.Reader) (DroppedFile, error) {
	f := DroppedFile{Name: name, Path: name}
	out, err := create(root, f.Path)
	if err != nil && !errors.Is(err, syscall.ENAMETOOLONG) { // the name is taken, or is a folder's or below a file's
		f.Path = path.Join("again-"+strconv.Itoa(n), name)
		out, err = create(root, f.Path)
	}
	if err != nil {
		return f, err
	}
	sum := sha256.New()
	f.Size, err = io.Copy(io.MultiWriter(out, sum), in)
	copySum(&f.Sum, sum)
	return f, errors.Join(err, out.Close())
}

func copySum(to *[sha256.Size]byte, from hash.Hash) { from.Sum(to[:0]) }

func create(root *os.Root, name string) (*os.File, error) {
	if dir := path.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	return root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// name is what a drop is called: its folder, its file, or how many there are.
func (d *Dropped) name() string {
	first, _, nested := strings.Cut(d.Files[0].Name, "/")
	if len(d.Files) == 1 {
		return path.Base(d.Files[0].Name)
	}
	for _, f := range d.Files {
		if top, _, _ := strings.Cut(f.Name, "/"); top != first || !nested {
			return fmt.Sprintf("%d files", len(d.Files))
		}
	}
	return first
}

// Open opens a file of d.
func (d *Dropped) Open(f *DroppedFile) (fs.File, error) {
	root, err := os.OpenRoot(d.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Open(f.Path)
}
