package spec

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// secretWords are what the names of secrets hold, as whole words between
// separators, or run together with others at the end.
var secretWords = []string{
	"PASSWORD", "PASSWD", "PASS", "PWD", "PASSPHRASE", "SECRET", "SECRETS", "TOKEN",
	"APIKEY", "CREDENTIAL", "CREDENTIALS", "PRIVATEKEY", "SIGNINGKEY", "ENCRYPTIONKEY", "ACCESSKEY",
	"AUTH", "SALT", "DSN", "COOKIE", "JWT",
}

// secretPairs are words that make a secret's name only together.
var secretPairs = pattern(`(^|_)(API|PRIVATE|SIGNING|ENCRYPTION|ACCESS|SECRET|MASTER|SSH|TLS|SESSION|FERNET|LICENSE|STORAGE|ACCOUNT)_?KEY(_|$|\d)`)

// pattern is an expression that is compiled when it is first asked for: most
// runs need few of them, and each takes its time at the start.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

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
	if strings.Contains(name, "KEY") && secretPairs().MatchString(name) {
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

// capitals writes a name in capitals with underscores between its words.
func capitals(key string) string {
	var b strings.Builder
	before := ' '
	for _, r := range key {
		small := before >= 'a' && before <= 'z' || before >= '0' && before <= '9'
		if before = r; small && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		if r == '-' || r == '.' || r == ' ' || r == '/' {
			r = '_'
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

// userinfo finds the password of a URL within a text.
var userinfo = pattern(`([A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@]*):([^\s/?#]+)@`)

// parameter finds the begin of a setting: of a URL's parameter, of key=value, or
// of "key": value as JSON and YAML have it.
var parameter = pattern(`(^|[?&;,\s"'{(\[])(-{0,2}[A-Za-z][A-Za-z0-9_.%-]*)(=|["']\s*:\s*|:\s+)`)

// The forms of commands in which a secret is an argument of its own.
var (
	flagValue     = pattern(`((?:^|\s)--?([A-Za-z][A-Za-z0-9_-]*)\s+)([^\s-]\S*)`)
	userValue     = pattern(`((?:^|\s)(?:-u|--user|--proxy-user)[\s=]+[^\s:]+):([^\s"']*[^\s\d"'][^\s"']*)`)
	authorization = pattern(`(?i)(\bauthorization["']?\s*[:=]\s*["']?[A-Za-z]+\s+|\bbearer\s+)([^\s"']{6,})`)
	mysqlValue    = pattern(`(\b(?:mysql|mariadb)[a-z_-]*\b(?:\s+\S+)*?\s-p)([^\s"']+)`)
	redisValue    = pattern(`(\bredis-cli\b(?:\s+\S+)*?\s-a\s+)([^\s"']+)`)
)

// Mask returns value as it may be printed: "(secret)" in place of it when the
// key looks secret, and *** in place of passwords in URLs, in settings such as
// password=x, in headers, and in what commands take as passwords.
func Mask(key, value string) string {
	if value != "" && SecretKey(key) {
		return "(secret)"
	}
	// Each form has a sign without which it is not looked for: of most values
	// there is none.
	if strings.Contains(value, "://") {
		value = userinfo().ReplaceAllString(value, "$1:***@")
	}
	if strings.ContainsAny(value, "=:") {
		value = maskSettings(value)
	}
	if !strings.ContainsFunc(value, unicode.IsSpace) && !strings.HasPrefix(value, "-") {
		return value // no command with arguments, and no flag
	}
	value = userValue().ReplaceAllString(value, "$1:***")
	for _, form := range []func() *regexp.Regexp{authorization, mysqlValue, redisValue} {
		value = form().ReplaceAllString(value, "$1***")
	}
	return flagValue().ReplaceAllStringFunc(value, maskFlag)
}

func maskFlag(match string) string {
	parts := flagValue().FindStringSubmatch(match)
	if !SecretKey(parts[2]) {
		return match
	}
	return parts[1] + "***"
}

// MaskArguments is [Mask] for the arguments of a command, where a secret may be
// the one after its flag.
func MaskArguments(key string, arguments []string) []string {
	out := make([]string, len(arguments))
	before := ""
	for i, argument := range arguments {
		out[i] = Mask(key, argument)
		switch {
		case argument == "":
		case i > 0 && secretFlag(arguments[i-1]) && !strings.HasPrefix(argument, "-"):
			out[i] = "***"
		case out[i] == argument && !strings.ContainsAny(argument, " \t\n"):
			// What a word means may depend on the command and its flags.
			whole := Mask(key, before+argument)
			out[i] = whole[strings.LastIndexByte(whole, ' ')+1:]
		}
		before += strings.Join(strings.Fields(argument), "_") + " "
	}
	return out
}

func secretFlag(argument string) bool {
	name := strings.TrimLeft(argument, "-")
	return name != argument && !strings.ContainsAny(name, "= ") && SecretKey(name)
}

// maskSettings hides the values of settings whose names look secret.
func maskSettings(value string) string {
	var b strings.Builder
	done := 0
	found := parameter().FindAllStringSubmatchIndex(value, -1)
	for i, at := range found {
		name, err := url.QueryUnescape(value[at[4]:at[5]])
		end := len(value)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		if err != nil || !SecretKey(name) || at[1] < done || at[1] > end {
			continue
		}
		begin, length := secretIn(value[at[1]:end])
		if length == 0 {
			continue
		}
		b.WriteString(value[done:at[1]+begin] + "***")
		done = at[1] + begin + length
	}
	return b.String() + value[done:]
}

// secretIn finds the value that a text begins with: what is in quotes, or else
// up to the next separator.
func secretIn(text string) (begin, length int) {
	if text != "" && strings.ContainsRune("\"'", rune(text[0])) {
		if end := strings.IndexByte(text[1:], text[0]); end >= 0 {
			return 1, end
		}
		return 1, len(text) - 1
	}
	if end := strings.IndexAny(text, "&; \t\n\"'}"); end >= 0 {
		return 0, end
	}
	return 0, len(text)
}
