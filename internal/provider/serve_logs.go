package provider

import (
	"os"
	"slices"
	"strings"
)

// quietLogs keeps this process from writing log lines that the engine will
// drop. terraform-plugin-log writes everything as JSON, whatever the engine's
// level is. That takes a quarter of the time of a plan with many data sources.
// Levels that the user set for this provider or for the SDK are kept.
func quietLogs(env environment) {
	level := engineLogLevel(env)
	if level == "TRACE" {
		return
	}
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_FLY"} {
		if env.get(name) == "" {
			_ = os.Setenv(name, level) // a failure only means more lines
		}
	}
}

// engineLogLevel is the lowest level of a provider's log that the engine keeps,
// which both engines take from their environment. It is OFF if they keep
// nothing.
func engineLogLevel(env environment) string {
	if env.get("TF_TEMP_LOG_PATH") != "" {
		return "TRACE" // the engine writes everything to a separate file
	}
	level := strings.ToUpper(env.get("TF_LOG_PROVIDER"))
	if level == "" {
		level = strings.ToUpper(env.get("TF_LOG"))
	}
	switch {
	case level == "":
		return "OFF"
	case slices.Contains([]string{"DEBUG", "INFO", "WARN", "ERROR", "OFF"}, level):
		return level
	default:
		// TRACE, JSON, and unknown values.
		return "TRACE"
	}
}

// debugLogs reports whether debug lines of this provider may be written. Without the
// engine's variables they may: a debugger attached to the provider reads its stderr.
func debugLogs(env environment) bool {
	level := strings.ToUpper(env.get("TF_LOG_PROVIDER_FLY"))
	return level == "" || level == "TRACE" || level == "DEBUG" || level == "JSON"
}
