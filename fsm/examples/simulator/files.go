package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// files are written together: all of them, or none.
type files struct {
	staged  []stagedFile
	folders []string // made for them
}

type stagedFile struct{ temporary, name string }

// stage writes a file under a temporary name.
func (s *files) stage(name string, content []byte, mode os.FileMode) error {
	folder := filepath.Dir(name)
	if err := s.mkdir(folder); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, ".dps-*")
	if err != nil {
		return err
	}
	s.staged = append(s.staged, stagedFile{f.Name(), name})
	_, err = f.Write(content)
	return errors.Join(err, f.Chmod(mode), f.Close())
}

// mkdir makes a folder and those that it is in, and remembers them.
func (s *files) mkdir(folder string) error {
	var missing []string
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		missing = append(missing, at)
	}
	slices.Reverse(missing)
	for _, folder := range missing {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
		s.folders = append(s.folders, folder)
	}
	return nil
}

// commit gives the files their names: nobody reads half of one, and a link of this name
// in a folder for all is not followed.
func (s *files) commit() error {
	for _, f := range s.staged {
		if err := os.Rename(f.temporary, f.name); err != nil {
			return err
		}
	}
	*s = files{}
	return nil
}

// discard removes what was staged and not committed.
func (s *files) discard() {
	for _, f := range s.staged {
		os.Remove(f.temporary)
	}
	slices.Reverse(s.folders)
	for _, folder := range s.folders {
		os.Remove(folder) // stays if something is in it
	}
	*s = files{}
}

// removeIf removes a file if it still has this content: another program may have replaced
// it.
func removeIf(name string, content []byte) {
	if now, err := os.ReadFile(name); err == nil && string(now) == string(content) {
		os.Remove(name)
	}
}
