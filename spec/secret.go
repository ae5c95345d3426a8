package spec

import (
	"net/url"
	"regexp"
	"strings"
)

// secretWords are what the names of secrets hold, as whole words between
// separators, or run together with others at the end.
var secretWords = []string{
	"PASSWORD", "PASSWD", "PASS", "PWD", "PASSPHRASE", "SECRET", "SECRETS", "TOKEN",
	"APIKEY", "CREDENTIAL", "CREDENTIALS", "PRIVATEKEY", "SIGNINGKEY", "ENCRYPTIONKEY", "ACCESSKEY",
	"AUTH", "SALT", "DSN", "COOKIE", "JWT",
}

// secretPairs are words that make a secret's name only together.
var secretPairs = regexp.MustCompile(`(^|_)(API|PRIVATE|SIGNING|ENCRYPTION|ACCESS|SECRET|MASTER|SSH|TLS|SESSION|FERNET|LICENSE|STORAGE|ACCOUNT)_?KEY(_|$|\d)`)

// harmless ends say that a name holds something about a secret, and not it.
var harmless = []string{"_FILE", "_PATH", "_DIR", "_URL_PATH", "_EXPIRY", "_TTL", "_LENGTH", "_METHOD", "_TYPE", "_ENABLED", "_NAME", "_ID"}

// SecretKey reports whether the name of a variable or option looks as if its
// value were secret: PASSWORD, DB_PASSWORD, apiToken, AWS_SECRET_ACCESS_KEY.
func SecretKey(key string) bool {
	name := capitals(key)
	for _, end := range harmless {
		if strings.HasSuffix(name, end) {
			return false
		}
	}
	if secretPairs.MatchString(name) {
		return true
	}
	for _, part := range strings.Split(name, "_") {
		part = strings.TrimRight(part, "0123456789")
		for _, word := range secretWords {
			if part == word || len(word) > 4 && strings.HasSuffix(part, word) {
				return true
			}
		}
	}
	return false
}

var camel = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// capitals writes a name in capitals with underscores between its words.
func capitals(key string) string {
	key = camel.ReplaceAllString(key, "${1}_${2}")
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r == ' ' || r == '/' {
			return '_'
		}
		return r
	}, strings.ToUpper(key))
}

// userinfo finds the password of a URL within a text.
var userinfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@]*):([^\s/?#]+)@`)

// parameter finds the parameters of a URL or of key=value settings.
var parameter = regexp.MustCompile(`([?&;\s]|^)(-{0,2}[A-Za-z][A-Za-z0-9_.-]*)=([^&;\s]+)`)

// Mask returns value as it may be printed: "(secret)" in place of it when the
// key looks secret, and *** in place of passwords in URLs and in settings such
// as password=x.
func Mask(key, value string) string {
	if value != "" && SecretKey(key) {
		return "(secret)"
	}
	value = userinfo.ReplaceAllString(value, "$1:***@")
	return parameter.ReplaceAllStringFunc(value, func(match string) string {
		parts := parameter.FindStringSubmatch(match)
		if name, err := url.QueryUnescape(parts[2]); err != nil || !SecretKey(name) {
			return match
		}
		return parts[1] + parts[2] + "=***"
	})
}
