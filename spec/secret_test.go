package spec

import (
	"slices"
	"testing"
)

func TestSecretKeys(t *testing.T) {
	for _, key := range []string{
		"PASSWORD", "DB_PASSWORD", "postgres_password", "POSTGRES_PASSWORD2", "MYSQL_ROOT_PASSWORD", "PGPASSWORD", "passwd",
		"API_KEY", "OPENAI_API_KEY", "apiKey", "x-api-key", "APIKEY", "GITHUB_TOKEN", "accessToken", "CLIENT_SECRET",
		"SECRET_KEY_BASE", "DJANGO_SECRET_KEY", "AWS_SECRET_ACCESS_KEY", "PRIVATE_KEY", "SMTP_PASS", "DB_PWD", "FERNET_KEY",
		"AIRFLOW__CORE__FERNET_KEY", "SENTRY_DSN", "JWT_SALT", "environment.DB_PASSWORD", "GPG_PASSPHRASE", "AZURE_STORAGE_KEY",
	} {
		if !SecretKey(key) {
			t.Errorf("%s: not taken for a secret", key)
		}
	}
	for _, key := range []string{
		"", "USER", "DB_HOST", "LOG_LEVEL", "KEYBOARD", "MONKEY", "COMPASS", "POSTGRES_PASSWORD_FILE", "SECRET_NAME", "PATH",
		"AUTHOR", "BYPASS", "TOKENIZER", "MAX_TOKENS", "POSTGRES_HOST_AUTH_METHOD", "AWS_ACCESS_KEY_ID", "image", "KEY_PREFIX",
		"PASSENGER_COUNT", "PUBLIC_KEY",
	} {
		if SecretKey(key) {
			t.Errorf("%s: taken for a secret", key)
		}
	}
}

func TestMask(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"LOG_LEVEL", "debug", "debug"},
		{"DB_PASSWORD", "hunter2", "(secret)"},
		{"DB_PASSWORD", "", ""},
		{"DATABASE_URL", "postgres://me:hunter2@db:5432/app?sslmode=disable", "postgres://me:***@db:5432/app?sslmode=disable"},
		{"REDIS_URL", "redis://:hunter2@cache", "redis://:***@cache"},
		{"BROKER", "amqp://a:b@one,amqp://c:d@two", "amqp://a:***@one,amqp://c:***@two"},
		{"URL", "https://x/y?token=abc&page=2", "https://x/y?token=***&page=2"},
		{"CONN", "Server=db;Password=hunter2;User=me", "Server=db;Password=***;User=me"},
		{"command", "serve --db-password=hunter2 --port=80", "serve --db-password=*** --port=80"},
		{"URL", "https://host:8080/path@2", "https://host:8080/path@2"},
		{"IMAGE", "registry:5000/app@sha256:abc", "registry:5000/app@sha256:abc"},
		{"URL", "http://user@host/", "http://user@host/"},
		{"o", "addr=nas,username=me,password=hunter2,vers=3.0", "addr=nas,username=me,password=***,vers=3.0"},
		{"o", "password=hun,ter2", "password=***"},
		{"JSON", `{"user": "me", "password": "hunter2", "port": 1}`, `{"user": "me", "password": "***", "port": 1}`},
		{"JSON", `{"token":"hunter2"}`, `{"token":"***"}`},
		{"YAML", "user: me\npassword: hunter2\n", "user: me\npassword: ***\n"},
		{"test", "curl -fsS -H 'X-Api-Key: hunter2' http://me:hunter2@localhost/", "curl -fsS -H 'X-Api-Key: ***' http://me:***@localhost/"},
		{"test", "curl -u me:hunter2 localhost", "curl -u me:*** localhost"},
		{"test", `curl -H "Authorization: Bearer hunter2" x`, `curl -H "Authorization: Bearer ***" x`},
		{"test", "PGPASSWORD=hunter2 psql -c 'select 1'", "PGPASSWORD=*** psql -c 'select 1'"},
		{"test", "mysqladmin ping -h db -phunter2", "mysqladmin ping -h db -p***"},
		{"test", "redis-cli -a hunter2 ping", "redis-cli -a *** ping"},
		{"command", "serve --password hunter2 --port 80", "serve --password *** --port 80"},
		{"command", `serve --password="hunter 2" --port 80`, `serve --password="***" --port 80`},
		{"command", "serve --user 1000:1000 --no-auth --port 80", "serve --user 1000:1000 --no-auth --port 80"},
		{"image", "auth:5000/secret:1", "auth:5000/secret:1"},
		{"command", "echo basic usage: token ring", "echo basic usage: token ring"},
	} {
		if got := Mask(c.key, c.value); got != c.want {
			t.Errorf("%s=%s: got %s, want %s", c.key, c.value, got, c.want)
		}
	}
}

func TestMaskArguments(t *testing.T) {
	for _, c := range []struct{ arguments, want []string }{
		{[]string{"serve", "--port", "80"}, []string{"serve", "--port", "80"}},
		{[]string{"serve", "--password", "hunter2", "--port", "80"}, []string{"serve", "--password", "***", "--port", "80"}},
		{[]string{"serve", "--password=hunter2"}, []string{"serve", "--password=***"}},
		{[]string{"serve", "--no-auth", "--port", "80"}, []string{"serve", "--no-auth", "--port", "80"}},
		{[]string{"CMD", "curl", "-u", "me:hunter2", "x"}, []string{"CMD", "curl", "-u", "me:***", "x"}},
		{[]string{"CMD", "mysqladmin", "ping", "-phunter2"}, []string{"CMD", "mysqladmin", "ping", "-p***"}},
		{[]string{"redis-cli", "-a", "hunter2", "ping"}, []string{"redis-cli", "-a", "***", "ping"}},
		{[]string{"sh", "-c", "PASSWORD=hunter2 run"}, []string{"sh", "-c", "PASSWORD=*** run"}},
		{[]string{"CMD-SHELL", "curl http://me:hunter2@x || exit 1"}, []string{"CMD-SHELL", "curl http://me:***@x || exit 1"}},
		{[]string{"run", "--token", "a b hunter2"}, []string{"run", "--token", "***"}},
	} {
		if got := MaskArguments("command", c.arguments); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.arguments, got, c.want)
		}
	}
}
