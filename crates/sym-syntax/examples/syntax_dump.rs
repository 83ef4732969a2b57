fn main() {
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut sources = sym_diagnostics::Sources::default();
        let id = sources.add(path.clone(), text.clone());
        let t = std::time::Instant::now();
        let (file, diagnostics) = sym_syntax::parse(id, &text);
        println!("== {path} {} items {:?}", file.items.len(), t.elapsed());
        for d in diagnostics {
            let s = d.primary.as_ref().unwrap().span;
            let p = sources.file(id).position(s.start);
            println!(
                "{}:{} {} {} [{}] exp={:?} help={:?}",
                p.line,
                p.column,
                d.code,
                d.message,
                sources.text(s),
                d.expected,
                d.help
            );
        }
        if std::env::var("TREE").is_ok() {
            println!("{file:#?}");
        }
    }
}
