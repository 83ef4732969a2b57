//! Models and batch sizes whose products, sums and chains are large enough to be divided among threads, and whose copies are made in parts.

/// What is special about each, its text and a number of examples.
pub const MODELS: [(&str, &str, usize); 4] = [
    (
        "dense layers: products whose rows are those of the result",
        "model M() { input x[300]\n output linear(tanh(linear(x, 512, name: \"a\")), 300, name: \"b\") }",
        100,
    ),
    (
        "convolutions with batch norm: images one after the other, sums over images",
        "model M() {
            input x[8, 24, 24]
            h = relu(batch_norm2d(conv2d(x, 24, kernel: 3, padding: 1, name: \"c1\"), epsilon: 1e-5, name: \"n\"))
            output conv2d(max_pool2d(h, kernel: 2), 16, kernel: 3, stride: 2, padding: 1, name: \"c2\")
        }",
        41,
    ),
    (
        "causal attention: masked softmax, products by head",
        "model M() {
            input x[50, 24]
            h = linear(x, 64, name: \"embed\")
            r = h + attention(layer_norm(h, epsilon: 1e-5, name: \"norm\"), 4, causal: true, name: \"attention\")
            output linear(r, 3, name: \"head\")
        }",
        65,
    ),
    ("a bias of many examples: rows of results in parts", "model M() { input x[50]\n output linear(x, 300, name: \"a\") }", 2000),
];
