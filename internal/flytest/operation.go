package flytest

// Operation is something that Fly's APIs do.
type Operation string

// The operations that a [Server] knows and counts, and whose answers can be
// faulty.
const (
	// OpAny is every operation.
	OpAny Operation = ""
	// OpMint is createLimitedAccessToken.
	OpMint Operation = "mint"
	// OpLookupApp is app(name:), without its tokens, with or without apps beside it.
	OpLookupApp Operation = "look up app"
	// OpLookupOrganization is organization(slug:), without its tokens.
	OpLookupOrganization Operation = "look up organization"
	// OpList is either of them with limitedAccessTokens.
	OpList Operation = "list"
	// OpLookupToken is node(id:).
	OpLookupToken Operation = "look up token"
	// OpListOrganizations is organizations, and OpListApps is organization(slug:)
	// with apps.
	OpListOrganizations Operation = "list organizations"
	OpListApps          Operation = "list apps"
	// OpRevoke is deleteLimitedAccessToken.
	OpRevoke Operation = "revoke"
	// OpShow is GET /v1/apps/{app} of the Machines API.
	OpShow Operation = "show"
	// OpCreateMachine is POST /v1/apps/{app}/machines of the Machines API.
	OpCreateMachine Operation = "create machine"
	// OpExec is POST /v1/apps/{app}/machines/{id}/exec of the Machines API.
	OpExec Operation = "exec"
	// OpCertificate is issueCertificate.
	OpCertificate Operation = "issue certificate"
	// OpAddPeer is addWireGuardPeer.
	OpAddPeer Operation = "add peer"
)
