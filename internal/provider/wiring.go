package provider

import (
	"github.com/flytokens/terraform-provider-fly/internal/flyconfig"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// newResolver builds the chain that the settings name, and a resolver over it.
func newResolver(set settings) *token.Resolver {
	logins := loginSettings(set)
	links := map[token.SourceName]token.Source{
		token.SourceConfig: flyconfig.NewConfigSource(logins),
		token.SourceEnv:    flyconfig.NewEnvSource(logins),
	}
	var sources []token.Source
	for _, name := range set.sources {
		if link, ok := links[name]; ok {
			sources = append(sources, link)
		}
	}
	return token.New(token.Options{
		Sources:     sources,
		TokenTTL:    set.tokenTTL,
		MinValidity: set.minValidity,
	})
}

// loginSettings says where flyctl's login may be found.
func loginSettings(set settings) flyconfig.Settings {
	env := set.environment
	configDir, configDirSet := env.lookup("FLY_CONFIG_DIR")
	return flyconfig.Settings{
		AccessToken: set.accessToken,
		ConfigFile:  set.configFile,
		Environment: flyconfig.Environment{
			ConfigDir:    configDir,
			ConfigDirSet: configDirSet,
			Home:         env.home,
			AccessToken:  env.get("FLY_ACCESS_TOKEN"),
			APIToken:     env.get("FLY_API_TOKEN"),
		},
	}
}
