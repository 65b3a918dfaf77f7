package dev.loupe.app;

/** How a page looks that Loupe writes: light and dark, on wide screens and narrow ones. */
final class PageStyle {
    private PageStyle() {}

    /** All before the body's content. */
    static final String HEAD =
            """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>Loupe: inside a GPT</title>
            <style>
            :root { --ground: #fbfbf9; --ink: #1d2227; --faint: #667079; --line: #e2e4e2;
              --plus: #2f78b3; --minus: #c0504d; --deep: 47, 120, 179; }
            @media (prefers-color-scheme: dark) {
              :root { --ground: #15181b; --ink: #e8eaeb; --faint: #98a2aa; --line: #2c3237;
                --plus: #6fb1e4; --minus: #e38481; --deep: 111, 177, 228; } }
            * { box-sizing: border-box; }
            body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.5;
              font-family: system-ui, sans-serif; }
            header, main { max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
            header { padding-bottom: 0; } main { padding-top: 0; }
            h1 { font-size: 1.6rem; font-weight: 600; margin: 0.5rem 0; }
            h2 { font-size: 1.15rem; font-weight: 600; margin: 2.5rem 0 0; }
            h3 { font-size: 1rem; font-weight: 600; margin: 1.5rem 0 0.5rem; }
            h1, h2, th, td, figcaption, .chip { overflow-wrap: anywhere; white-space: pre-wrap; }
            .about { color: var(--faint); margin: 0.25rem 0 1rem; max-width: 46rem; }
            .tokens { display: flex; flex-wrap: wrap; gap: 0.35rem; }
            .chip { border-radius: 0.3rem; padding: 0.15rem 0.45rem; color: #16191c;
              font-family: ui-monospace, monospace; font-size: 0.9rem; }
            .chip small { display: block; color: #4d565d; font-size: 0.65rem; }
            .c0 { background: #cfe3f3; } .c1 { background: #d7ecd4; } .c2 { background: #fbe5c4; }
            .c3 { background: #ecd8ef; } .c4 { background: #d2eceb; }
            table { border-collapse: collapse; font-size: 0.85rem; }
            th { font-weight: 500; text-align: left; }
            .bars { width: 100%; max-width: 46rem; }
            .bars th { width: 9rem; font-family: ui-monospace, monospace; padding: 0.1rem 0.5rem 0.1rem 0; }
            .bars .n { width: 6rem; text-align: right; font-variant-numeric: tabular-nums;
              padding-right: 0.75rem; white-space: nowrap; }
            .bars svg { width: 100%; height: 0.7rem; display: block; }
            .up { fill: var(--plus); } .down { fill: var(--minus); }
            .plus { color: var(--plus); } .minus { color: var(--minus); }
            .wide { overflow-x: auto; }
            .lens { font-family: ui-monospace, monospace; font-size: 0.72rem; }
            .lens td, .lens th { border: 1px solid var(--ground); padding: 0.12rem 0.4rem;
              max-width: 7.5rem; overflow: hidden; text-overflow: ellipsis; white-space: pre; }
            .lens tr:first-child th { border-bottom: 2px solid var(--line); }
            .lens th:first-child { color: var(--faint); position: sticky; left: 0;
              background: var(--ground); }
            .s0 { background: rgba(var(--deep), 0.05); } .s1 { background: rgba(var(--deep), 0.12); }
            .s2 { background: rgba(var(--deep), 0.19); } .s3 { background: rgba(var(--deep), 0.26); }
            .s4 { background: rgba(var(--deep), 0.33); } .s5 { background: rgba(var(--deep), 0.40); }
            .s6 { background: rgba(var(--deep), 0.47); } .s7 { background: rgba(var(--deep), 0.54); }
            .s8 { background: rgba(var(--deep), 0.61); } .s9 { background: rgba(var(--deep), 0.68); }
            .heads { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); }
            figure { margin: 0; font-size: 0.8rem; }
            .pattern { width: 100%; background: rgba(var(--deep), 0.06); border-radius: 0.2rem; }
            .pattern rect { fill: var(--plus); }
            </style>
            </head>
            <body>
            """;
}
