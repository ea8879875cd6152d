// Package coredump keeps the memory of this process, which holds Fly logins, out
// of core dumps and away from other processes of the same user.
package coredump
