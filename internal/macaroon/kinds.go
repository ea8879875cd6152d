package macaroon

import "errors"

// ReadOrganization narrows an organization's token to reading, as `flyctl tokens
// create readonly` does. Each permission macaroon must hold exactly one
// Organization caveat, and all must name the same organization.
func (b Bundle) ReadOrganization() (Bundle, error) {
	var id uint64
	for i, g := range b.Grants() {
		var named []uint64
		walk(g.Permission.caveats, func(c Caveat) {
			if o, ok := c.(Organization); ok {
				named = append(named, o.ID)
			}
		})
		if len(named) != 1 || i > 0 && named[0] != id {
			return Bundle{}, errors.New("the token does not name exactly one organization")
		}
		id = named[0]
	}
	return b.Attenuate(Organization{ID: id, Mask: ActionRead})
}

// sshMutations are the mutations that a console needs: for a certificate, and
// for access to the organization's network.
var sshMutations = [...]string{"issueCertificate", "addWireGuardPeer"}

// SSH narrows a deploy token to opening a console, as `flyctl tokens create
// ssh` does. The result has a read-only copy of the permission macaroons, a
// copy for the two mutations that a console needs, and the discharges of both.
// The error is that of [Bundle.Attenuate].
func (b Bundle) SSH() (Bundle, error) {
	reads, err := b.Attenuate(ActionRead)
	if err != nil {
		return Bundle{}, err
	}
	connects, err := b.Attenuate(Mutations(sshMutations[:]))
	if err != nil {
		return Bundle{}, err
	}
	isPermission := func(p part) bool { return p.macaroon.Kind() == KindPermission }
	out := reads.filter(isPermission)
	out.parts = append(out.parts, connects.filter(isPermission).parts...)
	out.parts = append(out.parts, b.filter(func(p part) bool { return !isPermission(p) }).parts...)
	return out, nil
}

// MachineExec narrows a deploy token to reading and to executing these commands
// on machines, as `flyctl tokens create machine-exec` does. Without commands,
// the token may execute every command. The error is that of [Bundle.Attenuate].
func (b Bundle) MachineExec(commands ...Command) (Bundle, error) {
	return b.Attenuate(IfPresent{Ifs: []Caveat{Commands(orEvery(commands))}, Else: ActionRead})
}

// orEvery returns the commands, or one that is a prefix of every command.
func orEvery(commands []Command) []Command {
	if len(commands) == 0 {
		return []Command{{}}
	}
	return commands
}

// WireGuard narrows an organization's token to its WireGuard peers, as `flyctl
// tokens create wireguard` does. It may also read resources that are neither an
// app nor a feature. The error is that of [Bundle.Attenuate].
func (b Bundle) WireGuard() (Bundle, error) {
	return b.Attenuate(IfPresent{Ifs: []Caveat{Apps{}, features(featureWireGuard)}, Else: ActionRead})
}
