package macaroon

import (
	"fmt"
	"slices"
)

// ProveOrganization returns nil if the token is confined to the organization,
// by number, and can read it. The error wraps [ErrUnproven] and names the fault.
func (b Bundle) ProveOrganization(orgID uint64) error {
	if org, err := b.confined(); err == nil && org != orgID {
		return fmt.Errorf("%w: it is for a different organization", ErrUnproven)
	}
	return b.allows(need{"it cannot read the organization", Access{Action: ActionRead}})
}

// ProveReadOrganization returns nil if the token can read the organization, by
// number, and can do nothing else. The error is as [Bundle.ProveOrganization]'s.
func (b Bundle) ProveReadOrganization(orgID uint64) error {
	if err := b.ProveOrganization(orgID); err != nil {
		return err
	}
	return b.within(anyApp, limits{onApp: ActionRead, otherApps: ActionRead, otherFeatures: ActionRead, elsewhere: ActionRead})
}

// ProveWireGuard returns nil if the token can manage the organization's
// WireGuard peers and, besides, only read what is neither an app nor a feature.
// The error is as [Bundle.ProveOrganization]'s.
func (b Bundle) ProveWireGuard(orgID uint64) error {
	if err := b.ProveOrganization(orgID); err != nil {
		return err
	}
	feature := featureWireGuard
	if err := b.allows(need{"it cannot manage WireGuard peers", Access{Feature: &feature, Action: ActionAll}}); err != nil {
		return err
	}
	return b.within(anyApp, limits{features: []string{feature}, elsewhere: ActionRead})
}

// ProveSSH returns nil if the token can read the app, by number, and request
// its certificate. Each macaroon must either only read the app or be for the
// two mutations that a console needs. The error is as
// [Bundle.ProveOrganization]'s.
func (b Bundle) ProveSSH(appID uint64) error {
	err := b.allows(
		need{"it cannot read the app", Access{AppID: &appID, Action: ActionRead}},
		need{"it cannot request a certificate", Access{AppID: &appID, Action: ActionWrite, Mutation: &sshMutations[0]}},
	)
	if err != nil {
		return err
	}
	for _, g := range b.Grants() {
		most := readsApp
		if g.Permission.isFor(sshMutations[:]) {
			most = inApp
		}
		if err := most.bounds(g.Permission, appID); err != nil {
			return err
		}
	}
	return nil
}

// ProveMachineExec returns nil if the token can execute these commands on the
// machines of the app, by number, and besides only read. No commands mean every
// command. The error is as [Bundle.ProveOrganization]'s.
func (b Bundle) ProveMachineExec(appID uint64, commands ...Command) error {
	commands = orEvery(commands)
	machine := "proof"
	var needs []need
	for _, c := range commands {
		command := append([]string{}, c.Args...)
		if !c.Exact {
			command = append(command, "argument")
		}
		a := Access{AppID: &appID, Machine: &machine, Command: command, Action: ActionWrite}
		needs = append(needs, need{"it cannot execute the command", a})
	}
	if err := b.allows(needs...); err != nil {
		return err
	}
	for _, g := range b.Grants() {
		if !g.Permission.executesOnly(commands) {
			return fmt.Errorf("%w: it may execute other commands", ErrUnproven)
		}
		if err := executes.bounds(g.Permission, appID); err != nil {
			return err
		}
	}
	return nil
}

// anyApp is the number of an app in a proof that treats all apps alike.
const anyApp = 1

// readsApp and inApp are what the macaroons of an SSH token may do without and
// with a mutation, executes what a machine-exec token may do.
var (
	readsApp = limits{onApp: ActionRead, otherFeatures: ActionRead, elsewhere: ActionRead}
	inApp    = limits{onApp: actionAny, features: deployFeatures[:], elsewhere: ActionRead}
	executes = limits{onApp: ActionRead, inCommands: actionAny, otherFeatures: ActionRead, elsewhere: ActionRead}
)

// isFor reports whether m is confined to some of these mutations.
func (m *Macaroon) isFor(mutations []string) bool {
	return slices.ContainsFunc(m.caveats, func(c Caveat) bool {
		named, ok := c.(Mutations)
		return ok && !slices.ContainsFunc(named, func(name string) bool { return !slices.Contains(mutations, name) })
	})
}

// executesOnly reports whether m executes no other commands than these.
func (m *Macaroon) executesOnly(commands []Command) bool {
	only := func(c Caveat) bool {
		named, ok := c.(Commands)
		return ok && !slices.ContainsFunc(named, func(one Command) bool { return !covered(one, commands) })
	}
	return slices.ContainsFunc(m.caveats, func(c Caveat) bool {
		p, ok := c.(IfPresent)
		return only(c) || ok && slices.ContainsFunc(p.Ifs, only)
	})
}

// covered reports whether each command that one allows is among the commands.
func covered(one Command, commands []Command) bool {
	return slices.ContainsFunc(commands, func(c Command) bool {
		if c.Exact {
			return one.Exact && slices.Equal(one.Args, c.Args)
		}
		return len(one.Args) >= len(c.Args) && slices.Equal(one.Args[:len(c.Args)], c.Args)
	})
}
