package flytest

import (
	"io"
	"log"
)

// quiet returns a logger that drops what it is given.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
