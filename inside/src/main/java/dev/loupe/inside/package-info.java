/**
 * Looking inside: capture of what passes through a model, the logit lens, attribution of logits to
 * parts, interventions and their effect, the space of embeddings, and where parameters are.
 */
@NullMarked
package dev.loupe.inside;

import org.jspecify.annotations.NullMarked;
