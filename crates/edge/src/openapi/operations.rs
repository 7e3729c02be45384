//! What each route takes and gives, beside what its line in `routes` says.

/// What a route takes and gives.
pub struct Operation {
    /// The route's name.
    pub route: &'static str,
    /// Parameters after the `?`, as `parameters::of_query` knows them.
    pub query: &'static [&'static str],
    /// What it takes.
    pub body: Body,
    /// Status of success.
    pub status: u16,
    /// What it gives.
    pub answer: Answer,
    /// It changes something, and the same call again under the same key is a repeat.
    pub keyed: bool,
}

/// What an operation takes.
#[derive(Clone, Copy)]
pub enum Body {
    /// Nothing.
    None,
    /// A document of a schema.
    Json(&'static str),
    /// A vote, as a document or a form.
    Ballot,
    /// The bytes of a file.
    File,
    /// A table, or a document of a schema.
    Table(&'static str),
    /// What the provider sends.
    Provider,
}

/// What an operation gives.
#[derive(Clone, Copy)]
pub enum Answer {
    /// A document of any kind.
    Document,
    /// What is stored of a person, as a document or as a page.
    Export,
    /// The bytes of a file.
    File,
    /// A list of documents of a schema.
    List(&'static str),
    /// Lines of JSON, each a document of a schema.
    Lines(&'static str),
    /// No body, or one that the provider expects.
    Nothing,
    /// A document of a schema.
    One(&'static str),
    /// A page for people; for a vote sent as a document, a document.
    Page,
    /// Figures in one of several formats.
    Report,
    /// Surveys with their answers, in one of several formats.
    Surveys,
}

const fn read(route: &'static str, query: &'static [&'static str], answer: Answer) -> Operation {
    Operation { route, query, body: Body::None, status: 200, answer, keyed: false }
}

const fn ask(route: &'static str, body: &'static str, answer: &'static str) -> Operation {
    let (body, answer) = (Body::Json(body), Answer::One(answer));
    Operation { route, query: &[], body, status: 200, answer, keyed: false }
}

const fn write(route: &'static str, body: Body, status: u16, answer: Answer) -> Operation {
    Operation { route, query: &[], body, status, answer, keyed: true }
}

const fn act(route: &'static str, body: &'static str, status: u16) -> Operation {
    write(route, Body::Json(body), status, Answer::One("TicketItem"))
}

/// All operations, by route.
pub static OPERATIONS: &[Operation] = &[
    read("approvals.list", &["limit", "cursor"], Answer::List("WaitingReply")),
    write("articles.archive", Body::Json("ArticleArchival"), 200, Answer::One("Article")),
    write("articles.create", Body::Json("ArticleChange"), 201, Answer::One("Article")),
    write("articles.import", Body::Json("ArticleImport"), 200, Answer::Document),
    read(
        "articles.list",
        &["q", "locale", "article_status", "tag", "source", "due_for_review", "limit", "cursor"],
        Answer::List("ArticleItem"),
    ),
    read("articles.missing", &["limit"], Answer::List("MissingArticle")),
    write("articles.publish", Body::Json("ArticlePublication"), 200, Answer::One("Article")),
    read("articles.read", &[], Answer::One("Article")),
    write("articles.update", Body::Json("ArticleChange"), 200, Answer::One("Article")),
    read("articles.versions", &[], Answer::List("ArticleStep")),
    read("audit.anchors", &["after", "limit"], Answer::Lines("ExportedAnchor")),
    write("audits.dispute", Body::Json("AuditDispute"), 200, Answer::One("Audit")),
    read(
        "audits.list",
        &["audit_status", "assignee", "from_day", "to_day", "limit", "cursor"],
        Answer::List("AuditItem"),
    ),
    read("audits.read", &[], Answer::One("Audit")),
    write("audits.resolve", Body::Json("AuditResolution"), 200, Answer::One("Audit")),
    write("audits.score", Body::Json("NewAudit"), 200, Answer::One("Audit")),
    read("automations.list", &[], Answer::List("Automation")),
    ask("automations.simulate", "AutomationTrial", "AutomationsTried"),
    read("bulk.read", &[], Answer::One("Bulk")),
    write("channels.secrets.set", Body::Json("AccountSecrets"), 204, Answer::Nothing),
    write("contacts.erase", Body::Json("Erasure"), 200, Answer::Document),
    read("contacts.export", &[], Answer::Export),
    write("contacts.hold", Body::Json("LegalHold"), 200, Answer::Document),
    read("contacts.list", &["address", "cursor", "limit"], Answer::List("Contact")),
    write("contacts.merge", Body::Json("ContactMerge"), 200, Answer::One("ContactWithTickets")),
    read("contacts.read", &[], Answer::One("ContactWithTickets")),
    write("contacts.surveys", Body::Json("SurveyConsent"), 200, Answer::One("Contact")),
    write("contacts.unmerge", Body::Json("ContactUnmerge"), 200, Answer::One("ContactWithTickets")),
    read("directory.accounts.list", &["limit", "cursor"], Answer::List("KnownAccount")),
    read("directory.accounts.read", &[], Answer::One("KnownAccount")),
    write("directory.accounts.remove", Body::None, 204, Answer::Nothing),
    write("directory.accounts.set", Body::Json("DirectoryAccount"), 200, Answer::One("KnownAccount")),
    Operation {
        query: &["kind", "dry_run"],
        ..write("directory.import", Body::Table("DirectoryRows"), 200, Answer::One("Imported"))
    },
    read("directory.people.find", &["whose"], Answer::List("KnownPerson")),
    write("directory.people.remove", Body::None, 204, Answer::Nothing),
    write("directory.people.set", Body::Json("DirectoryPerson"), 200, Answer::List("KnownPerson")),
    read("erasures.list", &[], Answer::List("ErasureEntry")),
    write("erasures.replay", Body::Json("ErasureLedger"), 200, Answer::Document),
    // The same file again is the same file: no key is needed.
    Operation {
        keyed: false,
        query: &["filename", "ticket"],
        ..write("files.put", Body::File, 201, Answer::One("StoredFile"))
    },
    read("files.read", &[], Answer::File),
    read("macros.list", &[], Answer::List("Macro")),
    read("me", &[], Answer::One("Me")),
    read("me.mentions", &["seen", "limit", "cursor"], Answer::List("Mention")),
    write("me.mentions.seen", Body::Json("SeenMentions"), 204, Answer::Nothing),
    read("openapi", &[], Answer::Document),
    read("outbox.list", &["delivery_status", "cursor", "limit"], Answer::List("OutboxEntry")),
    read("outbox.read", &[], Answer::One("OutboxEntry")),
    write("outbox.retry", Body::None, 200, Answer::One("OutboxEntry")),
    Operation {
        query: &["dry_run"],
        ..write("pack.publish", Body::Json("Pack"), 200, Answer::One("PackAnswer"))
    },
    read("pack.read", &["version"], Answer::One("PackVersion")),
    write("people.absence.end", Body::None, 204, Answer::Nothing),
    write("people.absence.set", Body::Json("NewAbsence"), 201, Answer::One("Absence")),
    read("people.list", &[], Answer::List("Person")),
    write("people.presence", Body::Json("NewPresence"), 200, Answer::One("Person")),
    read("periods.list", &["at"], Answer::List("Period")),
    read("playbooks.list", &[], Answer::List("PlaybookItem")),
    read("playbooks.read", &[], Answer::One("PlaybookVersion")),
    read("playbooks.statistics", &["days"], Answer::One("PlaybookStatistics")),
    read("problems.list", &[], Answer::List("ProblemItem")),
    write("problems.retry", Body::None, 200, Answer::One("Reprocessed")),
    read("reports.read", &["from", "to", "group_by"], Answer::Report),
    write("runs.answer", Body::Json("RunAnswer"), 200, Answer::One("Run")),
    write("runs.back", Body::None, 200, Answer::One("Run")),
    write("runs.begin", Body::Json("NewRun"), 201, Answer::One("Run")),
    read("runs.list", &["days"], Answer::List("RunItem")),
    read("runs.read", &[], Answer::One("Run")),
    read("shifts.list", &["at"], Answer::List("Shift")),
    write("sla.apply", Body::Json("Application"), 200, Answer::One("Applied")),
    ask("sla.preview", "SlaQuestion", "SlaAnswer"),
    ask("sla.simulate", "Simulation", "Simulated"),
    write("subscribers.create", Body::Json("NewSubscriber"), 201, Answer::One("NewSubscriberAnswer")),
    write("subscribers.delete", Body::None, 204, Answer::Nothing),
    read("subscribers.list", &[], Answer::List("Subscriber")),
    Operation { body: Body::Ballot, ..read("survey.answer", &[], Answer::Page) },
    read("survey.page", &[], Answer::Page),
    read("surveys.list", &["from", "to", "limit", "cursor"], Answer::Surveys),
    write("surveys.review", Body::Json("SurveyReview"), 200, Answer::One("SurveyReviewed")),
    write("templates.draft", Body::Json("NewDraft"), 201, Answer::One("DraftAnswer")),
    write("templates.draft.discard", Body::None, 204, Answer::Nothing),
    read("templates.list", &["shortcut"], Answer::List("TemplateItem")),
    ask("templates.preview", "PreviewRequest", "Previewed"),
    ask("templates.preview_all", "PreviewTemplate", "PreviewedTemplate"),
    write("templates.publish", Body::Json("PublishTemplate"), 200, Answer::One("PublishedTemplate")),
    read("templates.read", &[], Answer::One("TemplateSource")),
    ask("templates.render", "RenderRequest", "Rendered"),
    write("templates.test", Body::Json("TestTemplate"), 201, Answer::One("TestAnswer")),
    read("templates.versions", &["cursor"], Answer::List("TemplateVersion")),
    act("tickets.articles.link", "ArticleLink", 200),
    write("tickets.articles.unlink", Body::None, 200, Answer::One("TicketItem")),
    act("tickets.assign", "Assignment", 200),
    write("tickets.bulk", Body::Json("NewBulk"), 202, Answer::One("Bulk")),
    read("tickets.children", &[], Answer::List("ChildTicket")),
    read(
        "tickets.counts",
        &[
            "view",
            "queue",
            "status",
            "assignee",
            "team",
            "priority",
            "channel",
            "tag",
            "breached",
            "due_within_minutes",
            "snoozed",
            "field",
        ],
        Answer::One("TicketCounts"),
    ),
    act("tickets.create", "NewTicket", 201),
    write("tickets.draft.discard", Body::None, 204, Answer::Nothing),
    read("tickets.draft.read", &[], Answer::One("TicketDraft")),
    write("tickets.draft.save", Body::Json("NewDraftOfTicket"), 200, Answer::One("TicketDraft")),
    act("tickets.escalate", "Escalation", 200),
    act("tickets.fields", "Fields", 200),
    write("tickets.follow_up", Body::None, 201, Answer::One("TicketItem")),
    read("tickets.history", &[], Answer::List("HistoryItem")),
    act("tickets.issues", "IssueLink", 200),
    read(
        "tickets.list",
        &[
            "view",
            "order",
            "queue",
            "status",
            "assignee",
            "team",
            "priority",
            "channel",
            "tag",
            "breached",
            "due_within_minutes",
            "snoozed",
            "contact",
            "number",
            "q",
            "subject",
            "field",
            "limit",
            "cursor",
        ],
        Answer::List("TicketItem"),
    ),
    act("tickets.macro", "ApplyMacro", 200),
    act("tickets.merge", "Merge", 200),
    act("tickets.note", "NewNote", 201),
    act("tickets.parent.link", "NewParent", 200),
    write("tickets.parent.unlink", Body::None, 200, Answer::One("TicketItem")),
    act("tickets.priority", "NewPriority", 200),
    read("tickets.read", &["as_of"], Answer::One("Ticket")),
    act("tickets.reply", "NewReply", 201),
    act("tickets.reply.approve", "ReplyApproval", 200),
    write("tickets.reply.cancel", Body::None, 200, Answer::One("TicketItem")),
    write("tickets.reply.release", Body::None, 200, Answer::One("TicketItem")),
    read("tickets.sla", &[], Answer::One("Targets")),
    write("tickets.sla.excuse", Body::Json("NewExcuse"), 200, Answer::One("Targets")),
    act("tickets.snooze", "Snooze", 200),
    act("tickets.split", "Split", 201),
    act("tickets.status", "NewStatus", 200),
    read("tickets.suggestions", &[], Answer::List("Suggestion")),
    act("tickets.tags", "TagChange", 200),
    write("tickets.unmerge", Body::None, 200, Answer::One("TicketItem")),
    act("tickets.validate", "Validation", 200),
    write("tokens.issue", Body::Json("NewToken"), 201, Answer::One("IssuedToken")),
    read("tokens.list", &[], Answer::List("TokenItem")),
    write("tokens.revoke", Body::None, 204, Answer::Nothing),
    write("tokens.rotate", Body::Json("Rotation"), 201, Answer::One("IssuedToken")),
    write("views.create", Body::Json("NewView"), 201, Answer::One("View")),
    write("views.delete", Body::None, 204, Answer::Nothing),
    read("views.list", &["counts"], Answer::List("View")),
    read("views.read", &[], Answer::One("View")),
    write("views.update", Body::Json("NewView"), 200, Answer::One("View")),
    read("webhooks.handshake", &[], Answer::Nothing),
    Operation { body: Body::Provider, ..read("webhooks.receive", &[], Answer::Nothing) },
];

/// The operation of a route.
pub fn of(route: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.route == route)
}
