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

// read returns a document's bytes, nil where it does not exist. absence is then
// set where none can exist.
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

// readFile returns up to limit bytes of a file of ours, nil where it does not
// exist.
func (b *Backend) readFile(path string, limit int64) ([]byte, error) {
	f, err := openFile(path)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		// A link cannot be opened, and is refused for what it is.
		if info, failed := os.Lstat(path); failed == nil && regular(info, 0) != nil {
			err = regular(info, 0)
		}
		return nil, readError(path, err)
	}
	// Nothing was written that closing could lose.
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

// accept refuses what is not of the given type, links included: a link could have
// our token written, or another's read, somewhere else. What others can read is
// closed to them, and what another user owns is a warning.
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

// warnForeign warns of what another user owns, who can read and replace it. The
// system's administrator can do so anyway.
func (b *Backend) warnForeign(path string, info fs.FileInfo) {
	if owner, foreign := foreignOwner(info); foreign {
		b.warn("Fly Token Storage Belongs to Another User", fmt.Sprintf(
			"%s belongs to user %d, who can read and replace the tokens in it. Change its owner, or %s.", path, owner, elsewhere))
	}
}

// inspectRoot looks at the folder that the user configured. It may hold other
// things, so its mode is not changed.
func (b *Backend) inspectRoot() {
	info, err := os.Stat(b.root)
	if err != nil || !info.IsDir() {
		return
	}
	if writable(info) {
		b.warn("Fly Token Storage Is Open to Others", fmt.Sprintf(
			"Other users of this machine can write to %s, whose mode is %04o: they can replace the tokens kept there. Change its mode to 0700, or %s.",
			b.root, info.Mode().Perm(), elsewhere))
	}
	b.warnForeign(b.root, info)
}

// repair closes a file or folder to others, and says that it was open.
func (b *Backend) repair(path string, info fs.FileInfo) {
	mode := fileMode
	if info.IsDir() {
		mode = folderMode
	}
	what := fmt.Sprintf("its mode is %04o now.", mode)
	if !strings.HasPrefix(path, b.runs()) {
		what += " If you do not trust those users, revoke the tokens kept there."
	}
	if err := b.step("set mode of", path, func() error { return os.Chmod(path, mode) }); err != nil {
		what = fmt.Sprintf("its mode could not be changed (%s): change it to %04o, or %s.", err, mode, elsewhere)
	}
	b.warn("Fly Token Storage Is Open to Others",
		fmt.Sprintf("Other users of this machine could read or write %s, whose mode was %04o; %s", path, info.Mode().Perm(), what))
}
