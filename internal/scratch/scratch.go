// Package scratch makes temporary files of which nothing stays when the process
// ends, however it ends.
package scratch

import (
	"errors"
	"os"
)

// File is a temporary file.
type File struct {
	*os.File
	remove bool // by name, for it has one
}

// Create makes a file in dir ("": the system's folder for such) that loses its
// name at once, where the system allows that of open files. The pattern is that
// of os.CreateTemp.
func Create(dir, pattern string) (*File, error) {
	f, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	return &File{f, os.Remove(f.Name()) != nil}, nil
}

// Close gives its room back.
func (f *File) Close() error {
	err := f.File.Close()
	if f.remove {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
