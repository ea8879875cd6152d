package flytest

import (
	"io"
	"log"
)

// quiet returns a logger that drops every record.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
