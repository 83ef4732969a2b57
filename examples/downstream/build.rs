fn main() {
    sym_build::compile("models/classifier.sym");
}
