# SPDX-License-Identifier: Apache-2.0
"""The local classifier: features, model, training, evaluation and explanations."""
