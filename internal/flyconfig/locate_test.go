package flyconfig_test

import (
	"path/filepath"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flyconfig"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func TestLocate(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	tests := map[string]struct {
		settings flyconfig.Settings
		want     string
	}{
		"home": {
			flyconfig.Settings{Environment: flyconfig.Environment{Home: home}},
			filepath.Join(home, ".fly", "config.yml"),
		},
		"FLY_CONFIG_DIR": {
			flyconfig.Settings{Environment: flyconfig.Environment{Home: home, ConfigDir: "dir", ConfigDirSet: true}},
			filepath.Join("dir", "config.yml"),
		},
		"FLY_CONFIG_DIR knows no ~": {
			flyconfig.Settings{Environment: flyconfig.Environment{Home: home, ConfigDir: "~/x", ConfigDirSet: true}},
			filepath.Join("~/x", "config.yml"),
		},
		"config_file": {
			flyconfig.Settings{ConfigFile: "file.yml", Environment: flyconfig.Environment{ConfigDirSet: true}},
			"file.yml",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.settings.Locate()
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestLocateMisses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		env  flyconfig.Environment
		want string
	}{
		"no home": {
			flyconfig.Environment{},
			"the home folder is unknown, so flyctl's config.yml cannot be located: set HOME, FLY_CONFIG_DIR or config_file",
		},
		"relative home": {
			flyconfig.Environment{Home: "home"},
			"the home folder is a relative path, which leads into the project: set HOME to an absolute path, or set FLY_CONFIG_DIR or config_file",
		},
		"empty FLY_CONFIG_DIR": {
			flyconfig.Environment{Home: "home", ConfigDirSet: true},
			"FLY_CONFIG_DIR is set but empty, which flyctl refuses too: unset it, or set it to the folder of config.yml",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flyconfig.Settings{Environment: tt.env}
			_, err := flyconfig.NewConfigSource(s).Acquire(t.Context(), token.Request{App: "web"})
			wantMiss(t, err, "", tt.want)
			_, err = s.Login(t.Context())
			wantMiss(t, err, "", tt.want)
		})
	}
}
