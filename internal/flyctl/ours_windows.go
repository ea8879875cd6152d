package flyctl

import (
	"io/fs"

	"golang.org/x/sys/windows"
)

// isOurs reports whether a folder is this user's. What an elevated process makes
// is the administrators', and so nobody's in particular. Who may get at a folder is
// a matter of ACLs, which it inherits from the one for temporary files.
func isOurs(path string, _ fs.FileInfo) bool {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return false
	}
	security, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return false
	}
	owner, _, err := security.Owner()
	return err == nil && owner.Equals(user.User.Sid)
}
