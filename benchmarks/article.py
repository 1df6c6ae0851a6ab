"""The 2017 article's training loop, written afresh from its description: a TensorFlow 1 session.

Every step feeds a batch from the host, runs the graph once and writes all summaries: cost and
accuracy, and each layer's weights, biases and activations with the part of them that is 0.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from shared.dataset import Split
from shared.tf import tf

v1 = tf.compat.v1
CLASSES = 10


def build_loop(network: str, data: Split, batch_size: int, logs: Path) -> Callable[[], None]:
    """Return what trains `network` for an epoch in file order."""
    pixels = data.images.reshape(len(data.images), -1).astype(np.float32)
    truth = np.eye(CLASSES, dtype=np.float32)[data.labels]
    with tf.Graph().as_default() as graph:
        images = v1.placeholder(tf.float32, [None, pixels.shape[1]])
        labels = v1.placeholder(tf.float32, [None, CLASSES])
        kept = v1.placeholder(tf.float32)
        body = {"trivial": _trivial, "compact": _compact, "tutorial": _tutorial}[network]
        logits = body(images, kept)
        cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits))
        right = tf.equal(tf.argmax(logits, 1), tf.argmax(labels, 1))
        v1.summary.scalar("cost", cost)
        v1.summary.scalar("accuracy", tf.reduce_mean(tf.cast(right, tf.float32)))
        update = v1.train.AdamOptimizer(0.0001).minimize(cost)
        summaries = v1.summary.merge_all()
        session = v1.Session()
        session.run(v1.global_variables_initializer())
        writer = v1.summary.FileWriter(str(logs), graph)

    def run() -> None:
        for step, start in enumerate(range(0, len(pixels), batch_size)):
            batch = slice(start, start + batch_size)
            fed = {images: pixels[batch], labels: truth[batch], kept: 0.5}
            _, summary = session.run([update, summaries], feed_dict=fed)
            writer.add_summary(summary, step)

    return run


def _trivial(images: Any, _: Any) -> Any:
    one = tf.reshape(images, [-1, 28, 28])[:, 14:15, 14]
    return _dense("logits", one, CLASSES, tf.identity)


def _compact(images: Any, kept: Any) -> Any:
    x = tf.reshape(images, [-1, 28, 28, 1]) / 127.5 - 1
    x = _normalized("conv1", x, 24, 5, strides=2)
    x = _normalized("conv2", x, 48, 3)
    x = _normalized("conv3", tf.nn.max_pool2d(x, 2, 2, "VALID"), 96, 3, padding="VALID")
    x = v1.nn.dropout(tf.reshape(x, [-1, 5 * 5 * 96]), kept)
    return _dense("logits", x, CLASSES, tf.identity)


def _tutorial(images: Any, kept: Any) -> Any:
    x = tf.reshape(images, [-1, 28, 28, 1])
    for number, filters in enumerate((32, 64), start=1):
        x = _convolution(f"conv{number}", x, filters)
        x = tf.nn.max_pool2d(x, 2, 2, "SAME")
    x = _dense("dense", tf.reshape(x, [-1, 7 * 7 * 64]), 1024, tf.nn.relu)
    return _dense("logits", v1.nn.dropout(x, kept), CLASSES, tf.identity)


def _convolution(name: str, x: Any, filters: int) -> Any:
    with v1.name_scope(name):
        kernel, bias = _variables([5, 5, x.shape[-1], filters])
        return _summarized(tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias))


def _normalized(
    name: str, x: Any, filters: int, kernel: int, strides: int = 1, padding: str = "SAME"
) -> Any:
    """Normalise by the batch; the moving averages, which only evaluation needs, are not kept."""
    with v1.name_scope(name):
        weights, offset = _variables([kernel, kernel, x.shape[-1], filters])
        x = tf.nn.conv2d(x, weights, strides, padding)
        x, *_ = v1.nn.fused_batch_norm(x, v1.Variable(tf.ones([filters])), offset)
        return _summarized(tf.nn.relu(x))


def _dense(name: str, x: Any, units: int, activation: Callable[[Any], Any]) -> Any:
    with v1.name_scope(name):
        weights, bias = _variables([x.shape[-1], units])
        return _summarized(activation(x @ weights + bias))


def _variables(shape: list[int]) -> tuple[Any, Any]:
    weights = v1.Variable(v1.truncated_normal(shape, stddev=0.1))
    bias = v1.Variable(tf.ones(shape[-1:]))
    v1.summary.histogram("weights", weights)
    v1.summary.histogram("biases", bias)
    return weights, bias


def _summarized(x: Any) -> Any:
    v1.summary.histogram("activations", x)
    v1.summary.scalar("sparsity", tf.nn.zero_fraction(x))
    return x
