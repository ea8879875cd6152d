package flyctl

import (
	"io/fs"

	"golang.org/x/sys/windows"
)

// isOurs reports whether a folder belongs to this user. A folder that an
// elevated process makes belongs to the administrators, so it is not this
// user's. The folder inherits its ACLs from the folder for temporary files.
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
