//! What happens: events about a customer and outcomes of offers.
