-- After Quarto's own filters: tables stand in boxes that scroll, and the number of an equation
-- leaves the formula for the edge of the page, where it stays in sight.

if not quarto.doc.is_format("html") then return {} end

return {
  Span = function(span)
    local math = span.identifier:match("^eq%-") and span.content[1]
    if not math or math.t ~= "Math" then return nil end
    local formula, number = math.text:match("^(.*)\\qquad(%([%w.]+%))%s*$")
    if not number then return nil end
    span.classes:insert("equation")
    span.content = {
      pandoc.Math("DisplayMath", formula),
      pandoc.Span(number, { class = "equation-number" }),
    }
    return span
  end,
  Table = function(table) return pandoc.Div(table, { class = "table-box" }) end,
}
