package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Summaries of the provider's errors.
const (
	summaryConfigure    = "Unable to Configure Fly Provider"
	summaryReadApp      = "Unable to Read Fly App Token"
	summarySaveManual   = "Unable to Save Manual Token"
	summaryReadManual   = "Unable to Read Manual Token"
	summaryDeleteManual = "Unable to Delete Manual Token"
	summaryImportManual = "Unable to Import Manual Token"
	summaryRevoke       = "Unable to Revoke Fly App Token"
	summaryInvalidate   = "Unable to Invalidate Fly App Tokens"
	summaryRevokeToken  = "Unable to Revoke Fly Token"
	summaryList         = "Unable to List Fly Tokens"
	summaryHidden       = "Fly Tokens Are Hidden From This Login"
)

// appTokenError says why no token was had for req: a line for each link, with
// what to do.
func appTokenError(req token.Request, err error) diag.Diagnostic {
	var none *token.NoTokenError
	switch {
	case errors.As(err, &none):
		return diag.NewAttributeErrorDiagnostic(path.Root("app"), summaryReadApp, attemptsDetail(none))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return diag.NewErrorDiagnostic(summaryReadApp, fmt.Sprintf("Reading the token of app %q was cancelled before there was an answer: %s.", req.App, err))
	default:
		return diag.NewErrorDiagnostic(summaryReadApp, fmt.Sprintf("There is no token for app %q: %s.", req.App, err))
	}
}

// attemptsDetail lists the links of a failed resolution. The lines are indented:
// Terraform does not wrap those, so that each link keeps its line.
func attemptsDetail(none *token.NoTokenError) string {
	head, lines, _ := strings.Cut(none.Error(), "\n")
	var b strings.Builder
	b.WriteString(strings.ToUpper(head[:1]) + head[1:] + ". Each source in turn:\n")
	for line := range strings.SplitSeq(lines, "\n") {
		source, reason, _ := strings.Cut(line, ": ")
		b.WriteString("\n  " + source + ": " + plain(reason))
	}
	if fixes(none) > 1 {
		b.WriteString("\n\nOne of these fixes is enough.")
	}
	return b.String()
}

// fixes counts the links that say what to do.
func fixes(none *token.NoTokenError) (n int) {
	for _, a := range none.Attempts {
		var miss *token.MissError
		var api *flyapi.Error
		if errors.As(a.Err, &miss) && miss.Fix != "" || errors.As(a.Err, &api) && api.Fix != "" {
			n++
		}
	}
	return n
}

// plain drops the name of the package that an error comes from, which says
// nothing to people.
func plain(reason string) string { return strings.TrimPrefix(reason, "tokenstore: ") }

// saveManualError says why a manual token was not kept. The attribute is the one
// that it was given in.
func saveManualError(app, storage string, attribute path.Path, err error) diag.Diagnostic {
	switch {
	case errors.Is(err, token.ErrManualExists):
		return diag.NewAttributeErrorDiagnostic(path.Root("app"), summarySaveManual, fmt.Sprintf(
			"Storage already holds a different manual token for app %[1]q, which this resource did not save. It was not changed. "+
				"Import it first, and the next apply replaces it:\n\n  import {\n    to = fly_manual_token.NAME\n    id = %[1]q\n  }"+
				"\n\nIf a different fly_manual_token of yours saved it, or this one is being replaced with create_before_destroy, destroy that one first instead.", app))
	case errors.Is(err, token.ErrExpired):
		return diag.NewAttributeErrorDiagnostic(attribute, summarySaveManual, fmt.Sprintf(
			"The token for app %q cannot be used: %s. Nothing was changed. Make a new one, for example with `fly tokens create deploy -a %s`.", app, err, app))
	case errors.Is(err, token.ErrMalformed):
		return diag.NewAttributeErrorDiagnostic(attribute, summarySaveManual, fmt.Sprintf("The value for app %q is %s. Nothing was changed.", app, err))
	case errors.Is(err, token.ErrNoStore):
		return diag.NewErrorDiagnostic(summarySaveManual, noStorageDetail)
	default:
		return diag.NewErrorDiagnostic(summarySaveManual, fmt.Sprintf(
			"The manual token for app %q was not saved in %s: %s.\n\nWhat was stored before is still there.", app, storage, plain(err.Error())))
	}
}

// noStorageDetail is for a run without storage.
const noStorageDetail = "Storage is off, because the environment names no folder for it. A manual token is kept in storage alone. " + setStorage

// manualError says why a manual token's record could not be read or deleted.
func manualError(summary, app, storage string, err error) diag.Diagnostic {
	if errors.Is(err, token.ErrNoStore) {
		return diag.NewErrorDiagnostic(summary, noStorageDetail)
	}
	return diag.NewErrorDiagnostic(summary, fmt.Sprintf("The record of app %q in %s: %s.", app, storage, plain(err.Error())))
}

// leftManualWarning says that a destroy left another's record alone.
func leftManualWarning(app string) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("app"), "Manual Token Left in Storage", fmt.Sprintf(
		"The manual token that storage now holds for app %q is not the one that this resource put there, so it was left as it is. The resource is gone from the state.", app))
}

// noManualError says that there is nothing to import.
func noManualError(app, storage string) diag.Diagnostic {
	return diag.NewErrorDiagnostic(summaryImportManual, fmt.Sprintf(
		"Storage (%s) holds no manual token for app %q. The import ID is the app's name. To add a token, apply a fly_manual_token instead of importing one.", storage, app))
}
