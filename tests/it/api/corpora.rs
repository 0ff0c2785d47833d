//! What the fuzz targets have found interesting, as ordinary tests.

use std::fs;

use sinch_numbers::fuzz::TARGETS;

use crate::support::toolchain::root;

#[test]
fn every_corpus_passes() {
    let all = root().join("tests/fuzz/corpus");
    for (name, target) in TARGETS {
        let mut seen = 0;
        for entry in fs::read_dir(all.join(name)).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            target(&fs::read(&path).unwrap());
            seen += 1;
        }
        assert!(seen >= 10, "{name}: {seen}");
    }
    assert_eq!(fs::read_dir(all).unwrap().count(), TARGETS.len());
}
