package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

func storageAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Storage of minted and manual tokens between runs: a folder, or a server that machines share. Set one of `path`, `vault` and `s3`. " +
			"Without any, the `FLY_TOKEN_STORAGE` environment variable sets it: a path, `vault://MOUNT/PATH` or `s3://BUCKET/PREFIX`.",
		Attributes: map[string]schema.Attribute{
			"path": providerString(storageFolder(), "Folder for the records, which is created at the first write. Only the user can read the files in it. A leading `~/` means the home folder. "+
				"Defaults to the `FLY_TOKEN_STORAGE` environment variable, otherwise to `terraform-provider-fly` in the user's configuration folder "+
				"(`~/.config` on Linux, `~/Library/Application Support` on macOS, `%AppData%` on Windows)."),
			"vault": vaultAttribute(),
			"s3":    s3Attribute(),
			"timeout": providerString(durationBetween(minStorageTimeout, maxStorageTimeout), "Time limit for one request to `vault` or `s3` with its retries, as a duration from `100ms` to `7s`. Defaults to `5s`. "+
				"After a request without an answer, the run sends no others for a minute."),
		},
	}
}

func vaultAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Storage in a KV version 2 secrets engine of HashiCorp Vault or OpenBao. " +
			"The login and TLS settings are those of the `vault` command: `VAULT_TOKEN`, `~/.vault-token` or a token helper, `VAULT_CACERT` and so on.",
		Attributes: map[string]schema.Attribute{
			"mount": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Path that the secrets engine is mounted at, such as `secret`.",
				Validators:          []validator.String{sharedText("the path of a mount", "Invalid Mount", mountComplaint)},
			},
			"path":      providerString(sharedText("a path", "Invalid Path", sharedPathComplaint), "Path below the mount. The secrets of an app are `PATH/APP/state` and `PATH/APP/manual`. Defaults to `fly-tokens`."),
			"address":   providerString(sharedText("an https address", "Invalid Address", serverComplaint), "Address of the server. It must be https, except for loopback addresses. Defaults to the `VAULT_ADDR` environment variable."),
			"namespace": providerString(sharedText("a namespace", "Invalid Namespace", sharedPathComplaint), "Namespace of the mount. Defaults to the `VAULT_NAMESPACE` environment variable."),
		},
	}
}

func s3Attribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Storage in a bucket of Amazon S3, or of a server with the same protocol that honours conditional writes: Tigris, Cloudflare R2, MinIO. " +
			"Credentials are those of the AWS command line: `AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, the role of a machine and so on.",
		Attributes: map[string]schema.Attribute{
			"bucket": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the bucket, which must exist.",
				Validators:          []validator.String{sharedText("the name of a bucket", "Invalid Bucket", bucketComplaint)},
			},
			"prefix": providerString(sharedText("a prefix", "Invalid Prefix", sharedPathComplaint), "Prefix of the keys. The objects of an app are `PREFIX/APP/state.json` and `PREFIX/APP/manual.json`. Defaults to `fly-tokens`."),
			"region": providerString(sharedText("a region", "Invalid Region", regionComplaint), "Region of the bucket. Defaults to the `AWS_REGION` environment variable, then to the profile's region."),
			"endpoint": providerString(sharedText("an https address", "Invalid Address", serverComplaint), "Address of a server other than Amazon's. It must be https, except for loopback addresses. "+
				"Defaults to the `AWS_ENDPOINT_URL_S3` environment variable, which `fly storage create` sets as a secret of the app."),
			"use_path_style": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether the bucket's name is in the path of URLs and not in the host. MinIO usually needs it. Defaults to `false`.",
			},
			"kms_key_id": providerString(sharedText("a KMS key", "Invalid KMS Key", keyComplaint), "Key for encryption with AWS KMS (SSE-KMS): its ID, its ARN or an alias. Defaults to the encryption that the bucket is set to."),
		},
	}
}
