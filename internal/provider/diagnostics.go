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

// appTokenError is the error of a request without a token. It has a line for
// each source, with advice.
func appTokenError(req token.Request, err error) diag.Diagnostic {
	var none *token.NoTokenError
	switch {
	case errors.As(err, &none):
		return diag.NewAttributeErrorDiagnostic(path.Root("app"), summaryReadApp, attemptsDetail(none))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return diag.NewErrorDiagnostic(summaryReadApp, fmt.Sprintf("Reading the token of app %q was cancelled before an answer came: %s.", req.App, err))
	default:
		return diag.NewErrorDiagnostic(summaryReadApp, fmt.Sprintf("Cannot find a token for app %q: %s.", req.App, err))
	}
}

// attemptsDetail lists the sources of a failed resolution. The lines are
// indented, because Terraform does not wrap indented lines.
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

// fixes counts the sources with advice.
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

// plain drops the package name from an error, which does not help users.
func plain(reason string) string { return strings.TrimPrefix(reason, "tokenstore: ") }

// saveManualError is the error for a manual token that was not saved. attribute
// is the argument with the token.
func saveManualError(app, storage string, attribute path.Path, err error) diag.Diagnostic {
	switch {
	case errors.Is(err, token.ErrManualExists):
		return diag.NewAttributeErrorDiagnostic(path.Root("app"), summarySaveManual, fmt.Sprintf(
			"Storage already holds a different manual token for app %[1]q, which this resource did not save. It was not changed. "+
				"Import it first, and the next apply replaces it:\n\n  import {\n    to = fly_manual_token.NAME\n    id = %[1]q\n  }"+
				"\n\nIf a different fly_manual_token of yours saved it, or this one is being replaced with create_before_destroy, destroy that one first instead.", app))
	case errors.Is(err, token.ErrExpired):
		return diag.NewAttributeErrorDiagnostic(attribute, summarySaveManual, fmt.Sprintf(
			"The token for app %q is invalid: %s. Nothing was changed. Create a new one, for example with `fly tokens create deploy -a %s`.", app, err, app))
	case errors.Is(err, token.ErrMalformed):
		return diag.NewAttributeErrorDiagnostic(attribute, summarySaveManual, fmt.Sprintf("The value for app %q is %s. Nothing was changed.", app, err))
	case errors.Is(err, token.ErrNoStore):
		return diag.NewErrorDiagnostic(summarySaveManual, noStorageDetail)
	default:
		return diag.NewErrorDiagnostic(summarySaveManual, fmt.Sprintf(
			"The manual token for app %q was not saved in %s: %s.\n\nThe content of storage is unchanged.", app, storage, plain(err.Error())))
	}
}

// noStorageDetail is the error detail for a run without storage.
const noStorageDetail = "Storage is off, because the environment names no folder for it. A manual token needs storage. " + setStorage

// manualError is the error for a record of a manual token that could not be
// read or deleted.
func manualError(summary, app, storage string, err error) diag.Diagnostic {
	if errors.Is(err, token.ErrNoStore) {
		return diag.NewErrorDiagnostic(summary, noStorageDetail)
	}
	return diag.NewErrorDiagnostic(summary, fmt.Sprintf("The record of app %q in %s: %s.", app, storage, plain(err.Error())))
}

// leftManualWarning reports that a destroy did not remove a different record.
func leftManualWarning(app string) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("app"), "Manual Token Left in Storage", fmt.Sprintf(
		"The manual token that storage holds for app %q is not the one that this resource saved, so it was not removed. The resource is removed from the state.", app))
}

// noManualError is the error for an import without a record.
func noManualError(app, storage string) diag.Diagnostic {
	return diag.NewErrorDiagnostic(summaryImportManual, fmt.Sprintf(
		"Storage (%s) holds no manual token for app %q. The import ID is the app's name. To add a token, apply a fly_manual_token instead of importing one.", storage, app))
}
