//! What goes into a template that the provider keeps.

use relevo_channels::{ButtonParameter, ButtonValue, FileSource, OutboundFile, Parameter, TemplateHeader};
use relevo_domain::outbox;

/// Values of the text, by name if the template has names.
pub fn parameters(template: &outbox::WhatsappTemplate) -> Vec<Parameter> {
    let names = template.names.iter().map(|name| Some(name.clone())).chain(std::iter::repeat(None));
    let values = template.parameters.iter().zip(names);
    values.map(|(text, name)| Parameter { name, text: text.clone() }).collect()
}

/// A text, or a file that the provider fetches.
pub fn header(header: &outbox::TemplateHeader) -> TemplateHeader {
    if header.kind == "text" {
        return TemplateHeader::Text(Parameter { name: header.name.clone(), text: header.value.clone() });
    }
    TemplateHeader::File(OutboundFile {
        kind: header.kind.clone(),
        source: FileSource::Link(header.value.clone()),
        mime_type: None,
        filename: None,
    })
}

/// The value of a button; none for a kind that takes none.
pub fn button(button: &outbox::TemplateButton) -> Option<ButtonParameter> {
    let value = button.value.clone();
    let value = match button.kind.as_str() {
        "url" => ButtonValue::UrlSuffix(value),
        "quick_reply" => ButtonValue::Payload(value.0),
        "copy_code" => ButtonValue::Code(value),
        _ => return None,
    };
    Some(ButtonParameter { index: button.index, value })
}
