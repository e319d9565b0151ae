"""The page's theme: system fonts, good contrast in light and dark, nothing from other servers."""

from __future__ import annotations

from string import Template
from typing import Any, Final

from dancenow.studio.config import Limits

_HEAD: Final = """<meta name="robots" content="noindex">
<script>
(() => {
  const maxBytes = $bytes, text = '$text';
  const refuse = (event, files) => {
    const large = [...(files || [])].find((file) => file.size > maxBytes);
    const old = document.getElementById('too-large');
    if (old) old.remove();
    if (!large) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    if (event.type === 'change') event.target.value = '';
    const message = document.createElement('div');
    message.id = 'too-large';
    message.className = 'message wrong';
    message.setAttribute('role', 'alert');
    message.textContent = large.name + text;
    document.body.append(message);
    setTimeout(() => message.remove(), 15000);
  };
  document.addEventListener('change', (event) => refuse(event, event.target.files), true);
  document.addEventListener('drop', (event) => refuse(event, event.dataTransfer?.files), true);
  // The studio checks and shows an upload, not the field that it was dropped into.
  document.addEventListener('error', (event) => {
    if (event.target.closest?.('.arriving')) event.stopImmediatePropagation();
  }, true);
})();
</script>"""

CSS: Final = """
.gradio-container { max-width: 70rem !important; margin: 0 auto !important; }
#title h1 { font-size: 1.7rem; line-height: 1.2; margin: .4rem 0 .2rem; }
#title p { margin: 0; }
.step h2 { font-size: 1.1rem; margin: .2rem 0 0; }
.hint { color: var(--body-text-color-subdued); font-size: .95rem; margin: .1rem 0 .3rem; }
.card { border: 1px solid var(--border-color-primary); border-radius: 12px; overflow: hidden;
        background: var(--background-fill-secondary); }
.card .words { padding: .6rem .8rem .7rem; }
.card strong { overflow-wrap: anywhere; }
.card img, .card video, .made video { display: block; width: 100%; background: #000; }
.card video, .card img { max-height: 20rem; object-fit: contain; }
.message { border-radius: 10px; padding: .7rem .9rem; overflow-wrap: anywhere;
           border: 1px solid var(--border-color-primary);
           background: var(--background-fill-secondary); }
#too-large { position: fixed; left: 1rem; right: 1rem; bottom: 1rem; z-index: 99; max-width: 40rem;
             margin: 0 auto; color: var(--body-text-color); }
.message.wrong { border-color: #b42318; border-left-width: 6px; }
.message.good { border-color: #1f7a4d; border-left-width: 6px; }
.job { border: 1px solid var(--border-color-primary); border-radius: 12px; padding: .9rem 1rem; }
.job h3 { margin: 0 0 .3rem; font-size: 1.1rem; overflow-wrap: anywhere; }
.job progress { width: 100%; height: .9rem; border: 0; border-radius: 99px; overflow: hidden;
                appearance: none; background: var(--border-color-primary); }
.job progress::-webkit-progress-bar { background: var(--border-color-primary); }
.job progress::-webkit-progress-value { background: #4f46e5; border-radius: 99px; }
.job progress::-moz-progress-bar { background: #4f46e5; }
.job progress:indeterminate { background: repeating-linear-gradient(-45deg, #4f46e5 0 .7rem,
                #818cf8 .7rem 1.4rem); }
.job progress:indeterminate::-webkit-progress-bar { background: transparent; }
.job p { margin: .3rem 0; }
.job img { display: block; max-width: 100%; max-height: 16rem; border-radius: 8px;
           margin-top: .6rem; }
.made { display: grid; gap: 1rem; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); }
.made figure:only-child { grid-column: 1 / -1; }
.made figure { margin: 0; } .made video { border-radius: 10px; max-height: 26rem; }
.made figcaption { padding: .4rem .1rem; display: flex; flex-wrap: wrap; gap: .3rem .8rem;
                   justify-content: space-between; }
.figures { margin: .6rem 0 0; padding-left: 1.1rem; } .figures li { margin: .15rem 0; }
.save { display: inline-block; padding: .35rem .8rem; margin: .4rem 0 0 !important;
        border-radius: 8px; font-weight: 600;
        color: #fff !important; background: #4338ca; text-decoration: none; }
.save:hover { background: #372fa3; }
.entry { border: 1px solid var(--border-color-primary); border-radius: 12px; padding: .9rem; }
.entry-card { display: grid; grid-template-columns: 7rem 1fr; gap: .9rem; align-items: start; }
.entry-card img, .entry-card .nothing { width: 7rem; height: 7rem; object-fit: cover; border-radius:
        10px; background: var(--background-fill-secondary); border: 1px solid
        var(--border-color-primary); }
.entry-card img.row { object-position: left; }
.entry-card .nothing { display: grid; place-items: center; font-size: 2.2rem; }
.entry-card h3 { margin: 0 0 .2rem; font-size: 1.1rem; overflow-wrap: anywhere; }
.entry-card p { margin: .1rem 0; overflow-wrap: anywhere; }
button[role=tab][aria-selected=true] { color: var(--body-text-color) !important; font-weight: 600; }
a:focus-visible, button:focus-visible, video:focus-visible, summary:focus-visible {
        outline: 3px solid #4f46e5 !important; outline-offset: 2px; }
@media (max-width: 40rem) {
  .gradio-container { padding: .6rem !important; }
  .made { grid-template-columns: minmax(0, 1fr); }
  .entry-card { grid-template-columns: 4.5rem 1fr; }
  .entry-card img, .entry-card .nothing { width: 4.5rem; height: 4.5rem; }
}
"""


def head(limits: Limits) -> str:
    """HTML for the page's head: a script that refuses a file that is too large before it is sent.

    The server refuses it as well; only the page can do so at once, and with a readable message.
    """
    text = f": is larger than the {limits.megabytes:g} MB that are allowed here."
    return Template(_HEAD).substitute(bytes=limits.bytes, text=text)


def theme() -> Any:
    """Gradio's plain theme in the system's own fonts and a colour that reads well."""
    import gradio as gr

    fonts = ("system-ui", "sans-serif")
    return gr.themes.Default(
        primary_hue=gr.themes.colors.indigo,
        neutral_hue=gr.themes.colors.slate,
        font=fonts,
        font_mono=("ui-monospace", "monospace"),
        text_size=gr.themes.sizes.text_lg,
    ).set(
        body_text_color_subdued="#475569",
        body_text_color_subdued_dark="#cbd5e1",
        block_info_text_color="#475569",
        block_info_text_color_dark="#cbd5e1",
        button_primary_background_fill="#4338ca",
        button_primary_background_fill_dark="#4338ca",
        button_primary_background_fill_hover="#372fa3",
        button_primary_background_fill_hover_dark="#372fa3",
        button_cancel_background_fill="#b91c1c",
        button_cancel_background_fill_dark="#b91c1c",
        button_cancel_background_fill_hover="#991b1b",
        button_cancel_background_fill_hover_dark="#991b1b",
        button_cancel_text_color="#ffffff",
        button_cancel_text_color_dark="#ffffff",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
    )
