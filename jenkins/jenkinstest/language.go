package jenkinstest

import "strings"

// translations are the beginnings of reasons in languages other than English, as far as they were recorded. A name in quotes follows
// unless the text has a place for it.
var translations = map[string][][2]string{
	"de": {
		{"There are no nodes with the label ", "Es gibt keine Knoten mit dem Label „%s“"},
		{"Waiting for next available executor on ", "Warte auf den nächsten freien Build-Prozessor auf %s"},
		{"In the quiet period. Expires in ", "In Ruhe-Periode. Endet in %s"},
	},
	"fr": {
		{"Waiting for next available executor on ", "En attente du prochain exécuteur disponible sur %s"},
		{"In the quiet period. Expires in ", "En période d'attente. Expire dans %s"},
	},
	"ja": {
		{"Waiting for next available executor on ", "%sで利用可能な次のエグゼキューターを待っています。"},
		{"In the quiet period. Expires in ", "待機中です。あと%sです。"},
	},
	"zh-tw": {
		{"Waiting for next available executor on ", "等候 %s 中的執行程式"},
		{"In the quiet period. Expires in ", "在靜候時間內，還要 %s"},
	},
}

// units are those of time in other languages.
var units = map[string]string{"de": " Sekunden", "fr": " s", "ja": " 秒", "zh-tw": " 秒"}

// translate says a reason in the language that the caller asked for, if it is known in it.
func translate(why, language string) string {
	for _, t := range translations[language] {
		if rest, ok := strings.CutPrefix(why, t[0]); ok {
			rest = strings.TrimSuffix(strings.TrimPrefix(rest, "‘"), "’")
			rest = strings.Replace(rest, " sec", units[language], 1)
			return strings.Replace(t[1], "%s", rest, 1)
		}
	}
	return why
}
