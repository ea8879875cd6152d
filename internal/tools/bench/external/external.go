package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// external is data "external".
type external struct{}

// model is its configuration and its state.
type model struct {
	Program []string          `tfsdk:"program"`
	Query   map[string]string `tfsdk:"query"`
	Result  map[string]string `tfsdk:"result"`
}

// Metadata names the data source.
func (external) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName
}

// Schema describes the data source.
func (external) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"program": schema.ListAttribute{ElementType: types.StringType, Required: true},
		"query":   schema.MapAttribute{ElementType: types.StringType, Optional: true},
		"result":  schema.MapAttribute{ElementType: types.StringType, Computed: true},
	}}
}

// Read runs the program.
func (external) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	var err error
	if m.Result, err = call(ctx, m.Program, m.Query); err != nil {
		resp.Diagnostics.AddError("Unable to Run the Program", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// call runs the program with the query on its stdin, and returns the object of
// strings that it prints.
func call(ctx context.Context, program []string, query map[string]string) (map[string]string, error) {
	if len(program) == 0 {
		return nil, errors.New("no program is given")
	}
	if query == nil {
		query = map[string]string{}
	}
	input, err := json.Marshal(query)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program[0], program[1:]...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	var result map[string]string
	if err := json.Unmarshal(out, &result); err != nil {
		return nil, fmt.Errorf("the program printed no object of strings: %w", err)
	}
	return result, nil
}
