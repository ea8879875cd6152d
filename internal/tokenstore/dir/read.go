package dir

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

const (
	fileMode   fs.FileMode = 0o600
	folderMode fs.FileMode = 0o700
)

// read returns a document's bytes, nil if it does not exist. absence is set if
// it cannot exist.
func (b *Backend) read(doc tokenstore.Doc) (data []byte, absence, err error) {
	b.rootOnce.Do(b.inspectRoot)
	for _, folder := range []string{b.apps(), b.folder(doc.App)} {
		info, err := os.Lstat(folder)
		if absent(err) {
			return nil, astray(err), nil
		}
		if err == nil {
			err = b.accept(folder, info, fs.ModeDir)
		}
		if err != nil {
			return nil, nil, readError(folder, err)
		}
	}
	data, err = b.readFile(b.Locate(doc), tokenstore.MaxDocument+1)
	return data, nil, err
}

// readFile returns up to limit bytes of a file of this backend, nil if it does
// not exist.
func (b *Backend) readFile(path string, limit int64) ([]byte, error) {
	f, err := openFile(path)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		// A link cannot be opened. The error names it as a link.
		if info, failed := os.Lstat(path); failed == nil && regular(info, 0) != nil {
			err = regular(info, 0)
		}
		return nil, readError(path, err)
	}
	// Nothing was written, so closing can lose nothing.
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err == nil {
		err = b.accept(path, info, 0)
	}
	if err != nil {
		return nil, readError(path, err)
	}
	data := make([]byte, min(info.Size(), limit))
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, readError(path, err)
	}
	return data, nil
}

// accept refuses files of a different type. It also refuses links, through
// which a token could be written to, or read from, a different place. It closes
// files that other users can read, and warns about those that another user
// owns.
func (b *Backend) accept(path string, info fs.FileInfo, want fs.FileMode) error {
	if err := regular(info, want); err != nil {
		return err
	}
	if exposed(info) {
		b.repair(path, info)
	}
	b.warnForeign(path, info)
	return nil
}

// warnForeign warns about files of another user, who can read and replace them.
// The system's administrator is exempt, who can do so anyway.
func (b *Backend) warnForeign(path string, info fs.FileInfo) {
	if owner, foreign := foreignOwner(info); foreign {
		b.warn("Fly Token Storage Belongs to Another User", fmt.Sprintf(
			"%s belongs to user %d, who can read and replace the tokens in it. Change its owner, or %s.", path, owner, elsewhere))
	}
}

// inspectRoot checks the folder that the user configured. It may hold other
// files, so its mode is not changed.
func (b *Backend) inspectRoot() {
	info, err := os.Stat(b.root)
	if err != nil || !info.IsDir() {
		return
	}
	if writable(info) {
		b.warn("Fly Token Storage Is Open to Others", fmt.Sprintf(
			"Other users of this machine can write to %s, whose mode is %04o: they can replace the tokens stored there. Change its mode to 0700, or %s.",
			b.root, info.Mode().Perm(), elsewhere))
	}
	b.warnForeign(b.root, info)
}

// repair closes a file or folder to other users, and warns that it was open.
func (b *Backend) repair(path string, info fs.FileInfo) {
	mode := fileMode
	if info.IsDir() {
		mode = folderMode
	}
	what := fmt.Sprintf("its mode is %04o now.", mode)
	if !strings.HasPrefix(path, b.runs()) {
		what += " If you do not trust those users, revoke the tokens stored there."
	}
	if err := b.step("set mode of", path, func() error { return os.Chmod(path, mode) }); err != nil {
		what = fmt.Sprintf("its mode could not be changed (%s): change it to %04o, or %s.", err, mode, elsewhere)
	}
	b.warn("Fly Token Storage Is Open to Others",
		fmt.Sprintf("Other users of this machine could read or write %s, whose mode was %04o; %s", path, info.Mode().Perm(), what))
}
