/**
 * The models on this machine: fetching them from a Hugging Face hub or an address, and finding them
 * by name.
 *
 * <p>A pull reads a {@link dev.loupe.files.store.Source}, asks the hub for the files ({@code
 * HubListing}), chooses those that make a model ({@code Choice}), fetches each ({@code Download}),
 * and at last writes the {@code Manifest} that makes them a model of the {@link
 * dev.loupe.files.store.ModelStore}.
 */
@NullMarked
package dev.loupe.files.store;

import org.jspecify.annotations.NullMarked;
