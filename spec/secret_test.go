package spec

import "testing"

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
	} {
		if got := Mask(c.key, c.value); got != c.want {
			t.Errorf("%s=%s: got %s, want %s", c.key, c.value, got, c.want)
		}
	}
}
