package config

// notificationFile is one place that is told what happens, or that has the commits marked.
type notificationFile struct {
	// Name of the notification in logs and metrics: up to 63 lower case letters, digits and - inside.
	// +required
	// +maxLength=63
	// +pattern=^[a-z0-9]([-a-z0-9]*[a-z0-9])?$
	Name string `json:"name"`
	// Environments that it is about. Without it, all. What is about the repository is told everybody.
	// +minItems=1
	// +unique
	Environments []string `json:"environments"`
	// What it is told, on transitions only. failed: a person has to look at an environment, or at the repository; recovered: all is well
	// again; held: a prune waits for approval; applied: a commit came into force and changed something; fight: another writer keeps changing
	// an object back; pool: a pool of agents is stalled or at its limits for a while; jenkins: a Jenkins does not answer for a while. Of pool
	// and jenkins the end is told too. It has no meaning for github, gitlab and gitea.
	// +enum=failed,recovered,held,applied,fight,pool,jenkins
	// +default=failed,recovered,held
	// +minItems=1
	// +unique
	Events []string `json:"events"`
	// Times at which nobody is told anything. What is still so when they end is told then. They have no meaning for github, gitlab and gitea.
	// +maxItems=10
	Quiet []quietFile `json:"quiet"`
	// A channel of Slack, by an incoming webhook.
	// +oneOf
	Slack *chatFile `json:"slack"`
	// A channel of Microsoft Teams, by a workflow that posts what a webhook brings.
	// +oneOf
	Teams *chatFile `json:"teams"`
	// A channel of Discord, by a webhook.
	// +oneOf
	Discord *chatFile `json:"discord"`
	// An address of your own, which gets signed JSON.
	// +oneOf
	Webhook *hookFile `json:"webhook"`
	// Mailboxes.
	// +oneOf
	Email *emailFile `json:"email"`
	// The commits of a repository of GitHub: status majordomo/ENVIRONMENT.
	// +oneOf
	GitHub *commitsFile `json:"github"`
	// The commits of a project of GitLab: status majordomo/ENVIRONMENT.
	// +oneOf
	GitLab *commitsFile `json:"gitlab"`
	// The commits of a repository of Gitea or Forgejo: status majordomo/ENVIRONMENT.
	// +oneOf
	Gitea *commitsFile `json:"gitea"`
}

// quietFile is a time that comes again and again.
type quietFile struct {
	// When it begins: minute, hour, day, month and weekday.
	// +required
	// +minLength=1
	Cron string `json:"cron"`
	// Time zone of cron, such as Europe/Berlin. Without it, UTC.
	Timezone string `json:"timezone"`
	// How long it lasts, such as 11h; at most 72h.
	// +required
	// +minLength=1
	Duration string `json:"duration"`
}

// secretFile is a secret by reference: what is in Git holds none.
type secretFile struct {
	// Name of a file in the directory of --notify-secrets-dir: the key of the mounted Secret.
	// +required
	// +maxLength=253
	// +pattern=^[-_A-Za-z0-9][-._A-Za-z0-9]*$
	File string `json:"file"`
}

// chatFile is a channel of a chat.
type chatFile struct {
	// File with the URL of the webhook, which is a secret: who has it can write there.
	// +required
	WebhookFrom secretFile `json:"webhookFrom"`
	// File with further certificate authorities, PEM, for a server with a certificate of one's own.
	CAFrom *secretFile `json:"caFrom"`
}

// hookFile is an address of your own.
type hookFile struct {
	// File with the URL.
	// +required
	URLFrom secretFile `json:"urlFrom"`
	// File with the secret by which each request is signed: at least 32 bytes.
	// +required
	SecretFrom secretFile `json:"secretFrom"`
	// File with further certificate authorities, PEM, for a server with a certificate of one's own.
	CAFrom *secretFile `json:"caFrom"`
}

// emailFile is mailboxes, and the server that takes letters for them.
type emailFile struct {
	// Server as HOST:PORT. Its host has to be among --notify-hosts.
	// +required
	// +minLength=1
	Server string `json:"server"`
	// How the connection is made safe: starttls; implicit, which is TLS from the start and what port 465 stands for; or none, for a server
	// on the same machine.
	// +enum=starttls,implicit,none
	// +default=starttls
	TLS *string `json:"tls"`
	// Address of the sender.
	// +required
	// +minLength=1
	From string `json:"from"`
	// Addresses of the recipients.
	// +required
	// +minItems=1
	// +maxItems=20
	To []string `json:"to"`
	// Name to log in with. Without it, letters are handed over without login.
	// +minLength=1
	Username *string `json:"username"`
	// File with the password.
	PasswordFrom *secretFile `json:"passwordFrom"`
	// File with further certificate authorities, PEM, for a server with a certificate of one's own.
	CAFrom *secretFile `json:"caFrom"`
}

// commitsFile is a repository whose commits get a status.
type commitsFile struct {
	// URL of the API. Without it, that of the public GitHub or GitLab; Gitea needs one. Other hosts have to be among --notify-hosts, for the
	// token goes there.
	// +minLength=1
	URL *string `json:"url"`
	// Repository as OWNER/NAME; of GitLab, groups and name, or the number of the project.
	// +required
	// +minLength=1
	Repository string `json:"repository"`
	// File with a token that may set the status of commits.
	// +required
	TokenFrom secretFile `json:"tokenFrom"`
	// File with further certificate authorities, PEM, for a server with a certificate of one's own.
	CAFrom *secretFile `json:"caFrom"`
}
