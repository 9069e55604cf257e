package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// files writes several files together: either all of them or none.
type files struct {
	staged  []stagedFile
	folders []string // created for the files
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

// mkdir creates a directory and its missing parents, and records them.
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

// commit renames the files to their names, so that a file is never incomplete,
// and a symbolic link of that name in a shared directory is not followed.
func (s *files) commit() error {
	for _, f := range s.staged {
		if err := os.Rename(f.temporary, f.name); err != nil {
			return err
		}
	}
	*s = files{}
	return nil
}

// discard removes the files that were staged and not committed.
func (s *files) discard() {
	for _, f := range s.staged {
		os.Remove(f.temporary)
	}
	slices.Reverse(s.folders)
	for _, folder := range s.folders {
		os.Remove(folder) // fails if the directory is not empty
	}
	*s = files{}
}

// removeIf removes a file if it still has the given content: another program
// may have replaced it.
func removeIf(name string, content []byte) {
	if now, err := os.ReadFile(name); err == nil && string(now) == string(content) {
		os.Remove(name)
	}
}
