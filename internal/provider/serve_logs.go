package provider

import (
	"os"
	"slices"
	"strings"
)

// quietLogs keeps this process from writing log lines that the engine will drop:
// terraform-plugin-log writes everything, as JSON, whatever the engine's level is,
// which takes a quarter of the time of a plan with many data sources, for both.
// What the user set for this provider or for the SDK stays.
func quietLogs(env environment) {
	level := engineLogLevel(env)
	if level == "TRACE" {
		return
	}
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_FLY"} {
		if env.get(name) == "" {
			_ = os.Setenv(name, level) // without it there are more lines, and no harm
		}
	}
}

// engineLogLevel is the level from which on the engine keeps what a provider
// logs, as both engines tell it from their environment: OFF where they keep
// nothing.
func engineLogLevel(env environment) string {
	if env.get("TF_TEMP_LOG_PATH") != "" {
		return "TRACE" // the engine writes everything to a file of its own
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
		// TRACE, JSON, and what they do not know.
		return "TRACE"
	}
}
